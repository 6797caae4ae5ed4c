# frozen_string_literal: true

require_relative "../lib/details"

begin
  settings = Details::Settings.from(ENV)
rescue Details::SettingsError => e
  abort e.message
end
logger = Details::JsonLog.new($stdout, settings)

# One process: the answers are small, and a pod is what Kubernetes multiplies.
workers 0
threads 4, 8

bind "tcp://#{settings.host}:#{settings.port}"
environment "production"

# Idle connections, used or not, stay open for longer than the hour after which a sidecar's Envoy gives one up: a
# server that closes first fails the request that crosses the close on its way.
persistent_timeout 3630
first_data_timeout 3630

# SIGTERM: requests in flight finish, while open connections are still answered; then the process ends with status 0.
# The page waits for details no longer than 3 s; Puma adds 5 s of its own before it gives a request up.
#
# Puma's own handler stops the server from within the signal, where Ruby now and then leaves the server's thread waiting
# for ever for a pipe to close. This one only wakes the main thread, which then stops it.
raise_exception_on_sigterm false
on_booted do
  trap("TERM") do
    trap("TERM", "IGNORE")
    raise Interrupt
  end
end
on_stopped { Details::IN_FLIGHT.drain(3) { logger.info("draining") } }
force_shutdown_after 1

# Puma's own lines take the form of ours.
log_formatter { |line| logger.line("info", line) }
