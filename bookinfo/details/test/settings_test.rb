# frozen_string_literal: true

require_relative "test_helper"

class SettingsTest < Minitest::Test
  def test_an_empty_environment_gives_version_one
    settings = Details::Settings.from({})

    assert_equal %w[details-v1 v1], [settings.workload, settings.version]
    refute_empty settings.pod
  end

  def test_the_workload_follows_the_version
    assert_equal "details-v2", Details::Settings.from("SERVICE_VERSION" => "v2").workload
  end

  def test_the_catalogue_is_our_own_unless_an_outside_one_is_asked_for
    assert_nil Details::Settings.from({}).book_service
    assert_nil Details::Settings.from("ENABLE_EXTERNAL_BOOK_SERVICE" => "false").book_service
  end

  def test_the_outside_catalogue_is_asked_over_https
    uri = Details::Settings.from("ENABLE_EXTERNAL_BOOK_SERVICE" => "true").book_service.uri

    assert_equal ["https", 443], [uri.scheme, uri.port]
  end

  {
    "https://books.example/v1" => "http://books.example/v1",
    "https://books.example:8443/v1" => "http://books.example:8443/v1",
    "http://books.example:443/v1" => "http://books.example:443/v1"
  }.each do |given, sent|
    define_method("test_what_the_mesh_shall_encrypt_for_#{given}_is_sent_in_the_clear_to_#{sent}") do
      uri = Details::Settings.from(
        "ENABLE_EXTERNAL_BOOK_SERVICE" => "true",
        "DO_NOT_ENCRYPT" => "true",
        "BOOK_SERVICE_URL" => given
      ).book_service.uri

      assert_equal URI(sent), uri
      assert_equal URI(sent).port, uri.port
    end
  end

  {
    "PORT" => "http",
    "ENABLE_EXTERNAL_BOOK_SERVICE" => "yes",
    "DO_NOT_ENCRYPT" => "1",
    "BOOK_SERVICE_URL" => "books.example",
    "BOOK_SERVICE_TIMEOUT" => "0"
  }.each do |name, value|
    define_method("test_#{name}_cannot_be_#{value}_and_the_message_begins_with_it") do
      thrown = assert_raises(Details::SettingsError) do
        Details::Settings.from({ "ENABLE_EXTERNAL_BOOK_SERVICE" => "true", name => value })
      end
      assert_match(/\A#{name}: .* not #{value}\z/, thrown.message)
    end
  end
end
