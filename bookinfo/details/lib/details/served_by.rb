# frozen_string_literal: true

module Details
  # Signs every reply, so that a caller can tell which pod answered.
  class ServedBy
    def initialize(app, settings)
      @app = app
      @signature = {
        "x-served-by" => settings.pod,
        "x-served-workload" => settings.workload,
        "x-served-version" => settings.version
      }.freeze
    end

    def call(env)
      status, headers, body = @app.call(env)
      [status, headers.merge(@signature), body]
    end
  end
end
