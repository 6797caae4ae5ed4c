# frozen_string_literal: true

require "puma"
require "puma/configuration"
require "puma/events"
require "tempfile"

require_relative "test_helper"

# The process as the mesh sees it: how long connections stay, and how it ends.
class ProcessTest < Minitest::Test
  # After so many seconds, Envoy closes a connection that nobody uses.
  ENVOY_IDLE = 3600

  def teardown
    Process.kill("KILL", @pid) if @pid
    @sockets&.each(&:close)
    @outside&.stop
  end

  def test_idle_connections_used_or_not_stay_for_longer_than_those_of_envoy
    given = { config_files: ["config/puma.rb"], events: Puma::Events.new }
    options = Puma::Configuration.new(given).tap(&:load).options

    assert_operator options[:persistent_timeout], :>, ENVOY_IDLE
    assert_operator options[:first_data_timeout], :>, ENVOY_IDLE
  end

  def test_open_connections_are_answered_while_a_request_is_in_flight
    may_answer = Queue.new
    @outside = FakeBookService.new { may_answer.pop && [200, "{}"] }
    start("ENABLE_EXTERNAL_BOOK_SERVICE" => "true", "BOOK_SERVICE_TIMEOUT" => "5",
          "BOOK_SERVICE_URL" => "http://127.0.0.1:#{@outside.port}/books")
    idle = connect
    ask(idle, "/health")
    assert_match(/\AHTTP\/1.1 200 /, reply(idle))
    busy = connect
    ask(busy, "/details/0")
    @outside.requests.pop

    Process.kill("TERM", @pid)
    read_log_to("draining")
    ask(idle, "/health")
    late = reply(idle)

    assert_match(/\AHTTP\/1.1 200 /, late)
    assert_match(/^connection: close\r$/i, late)

    may_answer << true
    last = reply(busy)

    assert_match(/\AHTTP\/1.1 404 /, last)
    assert_match(/^connection: close\r$/i, last)
    assert_equal 0, exit_status
  end

  def test_without_requests_the_end_comes_at_once
    start
    ask(connect, "/health")
    Process.kill("TERM", @pid)
    started = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    assert_equal 0, exit_status
    assert_operator Process.clock_gettime(Process::CLOCK_MONOTONIC) - started, :<, 2.5
  end

  def test_the_outside_book_service_is_believed_when_the_system_trusts_its_certificate
    certificate = SelfSigned.new
    @outside = FakeBookService.new(tls: certificate.context) { [200, '{"items": [{"volumeInfo": {"pages": 64}}]}'] }
    Tempfile.create("ca") do |file|
      file.write(certificate.pem)
      file.close
      start("ENABLE_EXTERNAL_BOOK_SERVICE" => "true", "SSL_CERT_FILE" => file.path,
            "BOOK_SERVICE_URL" => "https://localhost:#{@outside.port}/books")
      asked = connect
      ask(asked, "/details/0")

      assert_match(/\AHTTP\/1.1 200 /, reply(asked))
    end
  end

  def test_a_setting_that_cannot_be_used_is_one_line
    reader, writer = IO.pipe
    pid = spawn({ "BOOK_SERVICE_URL" => "ftp://books", "ENABLE_EXTERNAL_BOOK_SERVICE" => "true" },
                "puma", "--config", "config/puma.rb", err: writer)
    writer.close
    _, status = Process.wait2(pid)

    assert_equal 1, status.exitstatus
    assert_equal "BOOK_SERVICE_URL: an http or https address without a query, not ftp://books\n", reader.read
  end

  private

  def start(env = {})
    @log, writer = IO.pipe
    @pid = spawn({ "HOST" => "127.0.0.1", "PORT" => "0", **env }, "puma", "--config", "config/puma.rb", out: writer)
    writer.close
    # With its last line Puma says that it is there for requests.
    @port = read_log_to("Ctrl-C")[%r{http://127\.0\.0\.1:(\d+)}, 1]
  end

  # The log up to the line that has these words.
  def read_log_to(words)
    log = +""
    log << @log.gets until log.include?(words)
    log
  end

  def connect = TCPSocket.new("127.0.0.1", @port).tap { |socket| (@sockets ||= []) << socket }

  def ask(socket, path) = socket.write("GET #{path} HTTP/1.1\r\nhost: details\r\n\r\n")

  def reply(socket)
    head = socket.gets("\r\n\r\n")
    head + socket.read(head[/content-length: (\d+)/i, 1].to_i)
  end

  def exit_status
    _, status = Process.wait2(@pid)
    @pid = nil
    status.exitstatus
  end
end
