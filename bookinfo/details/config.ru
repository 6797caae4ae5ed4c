# frozen_string_literal: true

require_relative "lib/details"

run Details.rack_app(Details::Settings.from(ENV))
