# frozen_string_literal: true

require_relative "test_helper"

# What a caller and the log learn when the service itself breaks.
class FailureTest < Minitest::Test
  include Rack::Test::Methods

  BROKEN = Module.new do
    def self.find(_id, _forwarded) = raise("secret of the database")
  end

  def app
    @log = StringIO.new
    logger = Details::JsonLog.new(@log, Details::Settings.from({}))
    Details::App.new(nil, logger: logger, catalogue: BROKEN)
  end

  def test_the_caller_learns_no_internals_and_the_log_does
    get "/details/0"

    assert_equal 500, last_response.status
    assert_equal({ "error" => "internal error" }, JSON.parse(last_response.body))
    assert_includes @log.string, "secret of the database"
  end
end
