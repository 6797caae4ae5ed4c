# frozen_string_literal: true

require "json"
require "time"

module Details
  # Writes lines of JSON with the fields that all four services share.
  class JsonLog
    def initialize(out, settings)
      @out = out
      @base = { service: "details", version: settings.version, pod: settings.pod }
    end

    def info(message, **fields) = write("info", message, fields)

    def error(message, **fields) = write("error", message, fields)

    # The line itself, for a logger that writes on its own.
    def line(level, message, fields = {})
      time = Time.now.utc.iso8601(3)
      fields = fields.compact.transform_values { |value| text(value) }
      JSON.generate({ time: time, level: level, **@base, message: message, **fields })
    end

    private

    # A request may hold any bytes; JSON may not.
    def text(value)
      value.is_a?(String) ? value.dup.force_encoding(Encoding::UTF_8).scrub : value
    end

    # One write for text and line end: lines of two threads never mix.
    def write(level, message, fields)
      @out.write("#{line(level, message, fields)}\n")
      @out.flush
    end
  end
end
