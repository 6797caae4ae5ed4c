# frozen_string_literal: true

# The versions that this code was written for; the packages come from Debian, which has no lock file.
gem "sinatra", "~> 4.1"
gem "rack", "~> 3.1"

require "sinatra/base"

require_relative "details/settings"
require_relative "details/json_log"
require_relative "details/access_log"
require_relative "details/served_by"
require_relative "details/in_flight"
require_relative "details/forwarded"
require_relative "details/catalogue"
require_relative "details/book_service"
require_relative "details/app"

module Details
  # Of this process: Puma's configuration waits for what the application counts.
  IN_FLIGHT = InFlight.new

  # The application with the middleware around it.
  def self.rack_app(settings, logger: JsonLog.new($stdout, settings), in_flight: IN_FLIGHT)
    catalogue = settings.book_service ? BookService.new(settings.book_service, logger: logger) : Catalogue
    Rack::Builder.app do
      # Outermost first: what a middleware above does also happens to the replies of those below it.
      use TrackRequests, in_flight
      use AccessLog, logger
      use ServedBy, settings
      run App.new(nil, logger: logger, catalogue: catalogue)
    end
  end
end
