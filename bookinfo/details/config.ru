# frozen_string_literal: true

require_relative "lib/details"

settings = Details::Settings.from(ENV)
logger = Details::JsonLog.new($stdout, settings)

# Outermost first: what a middleware above does also happens to the replies of those below it.
use Details::AccessLog, logger
use Details::ServedBy, settings
run Details::App.new(nil, logger: logger)
