# frozen_string_literal: true

require_relative "test_helper"

# The service as its callers see it, with the middleware that config.ru puts around it.
class DetailsTest < Minitest::Test
  include Rack::Test::Methods

  def setup
    @log = StringIO.new
  end

  def app
    settings = Details::Settings.from("POD_NAME" => "pod-1")
    Details.rack_app(settings, logger: Details::JsonLog.new(@log, settings))
  end

  def test_a_book_has_the_fields_of_the_tutorials
    get "/details/0"

    assert_equal 200, last_response.status
    assert_equal "application/json", last_response.media_type
    assert_equal %w[id author year type pages publisher language ISBN-10 ISBN-13], reply.keys
    assert_equal "William Shakespeare", reply["author"]
  end

  def test_a_book_that_nobody_knows_is_not_found
    get "/details/7"

    assert_equal 404, last_response.status
    assert_equal({ "error" => "no product 7" }, reply)
  end

  %w[x -1 1.5 0x10 %FF].each do |id|
    define_method("test_a_product_number_cannot_be_#{id}") do
      get "/details/#{id}"

      assert_equal 400, last_response.status
      assert_match(/product number/, reply["error"])
    end
  end

  def test_health_answers_and_leaves_no_line
    get "/health"

    assert_equal({ "status" => "ok" }, reply)
    assert_empty @log.string
  end

  def test_any_host_name_is_served
    get "/details/0", {}, "HTTP_HOST" => "details.bookinfo.svc.cluster.local:9080"

    assert_equal 200, last_response.status
  end

  %w[/details/0 /details/7 /details/x /nowhere /health].each do |path|
    define_method("test_the_reply_to_#{path}_says_who_answered") do
      get path

      assert_equal "pod-1", last_response["x-served-by"]
      assert_equal "details-v1", last_response["x-served-workload"]
      assert_equal "v1", last_response["x-served-version"]
      assert_equal "application/json", last_response.media_type
    end
  end

  def test_a_request_is_one_line_that_names_reader_and_request
    get "/details/0", {}, "HTTP_X_REQUEST_ID" => "r-1", "HTTP_END_USER" => "jason"

    line = JSON.parse(@log.string)

    assert_equal %w[info details v1 pod-1 request], line.values_at("level", "service", "version", "pod", "message")
    assert_equal ["GET", "/details/0", 200, "r-1", "jason"],
                 line.values_at("method", "path", "status", "request_id", "end_user")
    assert_kind_of Float, line["seconds"]
  end

  def test_bytes_that_are_no_text_reach_the_log_as_text
    get "/details/0", {}, "HTTP_END_USER" => "\xFF".b

    assert_equal "\uFFFD", JSON.parse(@log.string)["end_user"]
  end

  private

  def reply = JSON.parse(last_response.body)
end
