# frozen_string_literal: true

require "minitest/autorun"
require "rack/test"
require "stringio"

require_relative "../lib/details"
