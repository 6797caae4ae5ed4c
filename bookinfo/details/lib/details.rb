# frozen_string_literal: true

# The versions that this code was written for; the packages come from Debian, which has no lock file.
gem "sinatra", "~> 4.1"
gem "rack", "~> 3.1"

require "sinatra/base"

require_relative "details/settings"
require_relative "details/json_log"
require_relative "details/access_log"
require_relative "details/served_by"
require_relative "details/catalogue"
require_relative "details/app"
