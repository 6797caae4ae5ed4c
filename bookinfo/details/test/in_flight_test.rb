# frozen_string_literal: true

require_relative "test_helper"

class InFlightTest < Minitest::Test
  def test_a_request_counts_until_it_ends_however_it_ends
    in_flight = Details::InFlight.new
    assert_raises(RuntimeError) { in_flight.track { raise "#{in_flight.count} in flight" } }
    assert_equal 0, in_flight.count
  end

  def test_draining_waits_for_the_last_request
    in_flight = Details::InFlight.new
    may_end = Queue.new
    request = Thread.new { in_flight.track { may_end.pop } }
    Thread.pass until in_flight.count == 1
    told = Queue.new
    drain = Thread.new { in_flight.drain(5) { told << in_flight.draining? } }

    assert told.pop
    assert_nil drain.join(0.2)
    may_end << true
    assert drain.join(1)
    request.join
  end

  def test_draining_waits_no_longer_than_it_may
    in_flight = Details::InFlight.new
    in_flight.track { in_flight.drain(0.1) }

    assert_predicate in_flight, :draining?
  end
end
