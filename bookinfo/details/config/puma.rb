# frozen_string_literal: true

require_relative "../lib/details"

# One process: the answers are small, and a pod is what Kubernetes multiplies.
workers 0
threads 4, 8

bind "tcp://#{ENV.fetch("HOST", "0.0.0.0")}:#{ENV.fetch("PORT", "9080")}"
environment "production"

# SIGTERM: requests in flight finish, then the process ends with status 0.
raise_exception_on_sigterm false
force_shutdown_after 10

# Puma's own lines take the form of ours.
logger = Details::JsonLog.new($stdout, Details::Settings.from(ENV))
log_formatter { |line| logger.line("info", line) }
