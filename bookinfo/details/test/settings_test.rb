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
end
