# frozen_string_literal: true

module Details
  # Logs one line for each request but the kubelet's probes, which would drown the rest.
  class AccessLog
    def initialize(app, logger)
      @app = app
      @logger = logger
    end

    def call(env)
      started = clock
      status, headers, body = @app.call(env)
      log(env, status, clock - started) unless env["PATH_INFO"] == "/health"
      [status, headers, body]
    end

    private

    def clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def log(env, status, seconds)
      @logger.info(
        "request",
        method: env["REQUEST_METHOD"],
        path: env["PATH_INFO"],
        status: status,
        seconds: seconds.round(6),
        request_id: env["HTTP_X_REQUEST_ID"],
        end_user: env["HTTP_END_USER"]
      )
    end
  end
end
