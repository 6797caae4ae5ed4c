# frozen_string_literal: true

module Details
  # Headers that a call carries on: they join the spans of one page to one trace and say who is reading.
  module Forwarded
    NAMES = %w[
      x-request-id traceparent tracestate
      b3 x-b3-traceid x-b3-spanid x-b3-parentspanid x-b3-sampled x-b3-flags
      end-user
    ].freeze

    # Picks them from the Rack environment of an incoming request.
    def self.from(env)
      NAMES.filter_map { |name| (value = env["HTTP_#{name.upcase.tr("-", "_")}"]) && [name, value] }.to_h
    end
  end
end
