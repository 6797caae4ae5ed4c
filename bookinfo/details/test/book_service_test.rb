# frozen_string_literal: true

require_relative "test_helper"

# The catalogue outside, as version 2 asks it.
class BookServiceTest < Minitest::Test
  include Rack::Test::Methods

  VOLUME = {
    authors: ["William Shakespeare"],
    publishedDate: "2002-01-01",
    printType: "BOOK",
    pageCount: 64,
    publisher: "Dover",
    language: "en",
    industryIdentifiers: [
      { type: "ISBN_10", identifier: "0486424618" },
      { type: "ISBN_13", identifier: "9780486424613" }
    ]
  }.freeze
  FOUND = JSON.generate(items: [{ volumeInfo: VOLUME }])

  def app
    env = { "ENABLE_EXTERNAL_BOOK_SERVICE" => "true", "BOOK_SERVICE_TIMEOUT" => "0.2", "BOOK_SERVICE_URL" => @url }
    Details.rack_app(Details::Settings.from(env), logger: logger)
  end

  def setup
    @log = StringIO.new
    @url = "http://127.0.0.1:1/books"
  end

  def teardown = @outside&.stop

  def test_a_book_has_the_fields_of_the_tutorials_from_outside
    outside { [200, FOUND] }
    get "/details/0"

    assert_equal 200, last_response.status
    assert_equal(
      {
        "id" => 0,
        "author" => "William Shakespeare",
        "year" => "2002-01-01",
        "type" => "paperback",
        "pages" => 64,
        "publisher" => "Dover",
        "language" => "English",
        "ISBN-10" => "0486424618",
        "ISBN-13" => "9780486424613"
      },
      reply
    )
    assert_match %r{\AGET /books\?q=isbn:0486424618 HTTP/1.1\r\n}, @outside.requests.pop
  end

  def test_trace_headers_and_reader_travel_on_and_others_do_not
    outside { [200, FOUND] }
    get "/details/0", {}, "HTTP_X_B3_TRACEID" => "80f1", "HTTP_END_USER" => "jason", "HTTP_COOKIE" => "session=1"
    asked = @outside.requests.pop.downcase

    assert_includes asked, "x-b3-traceid: 80f1\r\n"
    assert_includes asked, "end-user: jason\r\n"
    refute_includes asked, "cookie"
  end

  def test_a_book_that_nobody_knows_costs_no_call
    outside { flunk }
    get "/details/7"

    assert_equal 404, last_response.status
    assert_empty @outside.requests
  end

  ["{}", '{"items": []}', '{"items": [{"volumeInfo": null}]}'].each do |body|
    define_method("test_a_book_that_is_not_there_either_is_not_found_#{body}") do
      outside { [200, body] }
      get "/details/0"

      assert_equal 404, last_response.status
    end
  end

  def test_what_the_volume_does_not_say_is_left_out
    outside { [200, '{"items": [{"volumeInfo": {"authors": ["A"], "industryIdentifiers": "none"}}]}'] }
    get "/details/0"

    assert_equal({ "id" => 0, "author" => "A", "type" => "unknown", "language" => "unknown" }, reply)
  end

  { 500 => "{}", 403 => "denied", 302 => "" }.each do |status, body|
    define_method("test_an_answer_#{status}_is_said") do
      outside { [status, body] }
      get "/details/0"

      assert_unavailable "book service answered #{status}"
    end
  end

  ["<html>", "[]", "", "{\"items\": \"\xFF\"}"].each do |body|
    define_method("test_an_answer_that_is_not_its_json_is_said_#{body.inspect}") do
      outside { [200, body] }
      get "/details/0"

      assert_unavailable "book service answered with something that is not its JSON"
    end
  end

  def test_an_answer_that_cannot_be_unpacked_is_said
    outside { [200, "no gzip", "content-encoding: gzip"] }
    get "/details/0"

    assert_unavailable "book service answered with something that cannot be unpacked"
    assert_includes @log.string, "Zlib::DataError"
  end

  def test_an_answer_that_breaks_off_is_said
    outside { [200, "{", "transfer-encoding: chunked"] }
    get "/details/0"

    assert_unavailable "book service could not be reached"
  end

  def test_an_address_without_a_path_is_asked_for_its_root
    outside { [200, FOUND] }
    @url = "http://127.0.0.1:#{@outside.port}"
    get "/details/0"

    assert_equal 200, last_response.status
    assert_match %r{\AGET /\?q=isbn:0486424618 HTTP/1.1\r\n}, @outside.requests.pop
  end

  def test_no_answer_is_said_after_the_timeout
    outside { sleep }
    get "/details/0"

    assert_unavailable "book service gave no answer within 0.2 s"
  end

  def test_nobody_there_is_said_and_the_log_says_why
    get "/details/0"

    assert_unavailable "book service could not be reached"
    assert_includes @log.string, "ECONNREFUSED"
  end

  def test_the_environment_s_proxy_is_not_asked
    outside { [200, FOUND] }
    with_env("http_proxy" => "http://127.0.0.1:1") { get "/details/0" }

    assert_equal 200, last_response.status
  end

  def test_a_certificate_that_the_system_does_not_trust_is_refused
    outside(tls: SelfSigned.new.context) { [200, FOUND] }
    get "/details/0"

    assert_unavailable "book service could not be reached"
    assert_includes @log.string, "certificate verify failed"
  end

  private

  def logger = Details::JsonLog.new(@log, Details::Settings.from({}))

  def reply = JSON.parse(last_response.body)

  def outside(tls: nil, &)
    @outside = FakeBookService.new(tls: tls, &)
    @url = tls ? "https://localhost:#{@outside.port}/books" : "http://127.0.0.1:#{@outside.port}/books"
  end

  def assert_unavailable(message)
    assert_equal 503, last_response.status
    assert_equal({ "error" => message }, reply)
    assert_equal "details-v1", last_response["x-served-workload"]
  end

  def with_env(more)
    before = ENV.to_h
    ENV.update(more)
    yield
  ensure
    ENV.replace(before)
  end
end
