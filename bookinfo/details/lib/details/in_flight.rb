# frozen_string_literal: true

module Details
  # Counts the requests that are being answered, and can wait until there are none.
  #
  # Puma closes idle connections as soon as it is told to stop, and fails a request that is just arriving on one. While
  # this waits, Puma has not been told: open connections are still answered, and asked to leave with each reply.
  class InFlight
    PAUSE = 0.05

    attr_reader :count

    def initialize
      @count = 0
      @lock = Mutex.new
      @draining = false
    end

    # Counts a request for as long as the block takes.
    def track
      add(1)
      yield
    ensure
      add(-1)
    end

    def draining? = @draining

    # Asks callers to leave with each reply, and waits until nothing is in flight, for at most so many seconds. The
    # block is called in between.
    def drain(seconds)
      @draining = true
      yield if block_given?
      deadline = now + seconds
      sleep PAUSE until count.zero? || now >= deadline
    end

    private

    def add(number) = @lock.synchronize { @count += number }

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # The middleware that counts.
  class TrackRequests
    def initialize(app, in_flight)
      @app = app
      @in_flight = in_flight
    end

    def call(env)
      @in_flight.track do
        @app.call(env).tap do
          # Puma closes a connection after the reply when the caller asked for it, and only then.
          env["HTTP_CONNECTION"] = "close" if @in_flight.draining?
        end
      end
    end
  end
end
