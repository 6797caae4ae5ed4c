package dev.meshproof.bookinfo.reviews;

import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;

import java.time.Duration;

/**
 * Counts the requests that are being answered, and can wait until there are none.
 *
 * <p>Helidon closes idle connections as soon as it is told to stop, and fails a request that is just arriving on one.
 * While this waits, Helidon has not been told: open connections are still answered, and asked to leave with each reply.
 */
final class InFlight implements Filter {

    private int count;
    private volatile boolean draining;

    @Override
    public void filter(FilterChain chain, RoutingRequest req, RoutingResponse res) {
        add(1);
        res.beforeSend(() -> {
            if (draining) {
                res.header(HeaderValues.CONNECTION_CLOSE);
            }
        });
        try {
            chain.proceed();
        } finally {
            add(-1);
        }
    }

    /** Waits until nothing is in flight, for at most the grace. */
    synchronized void drain(Duration grace) throws InterruptedException {
        draining = true;
        var deadline = System.nanoTime() + grace.toNanos();
        var left = grace.toMillis();
        while (count > 0 && left > 0) {
            wait(left);
            left = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
        }
    }

    private synchronized void add(int number) {
        count += number;
        notifyAll();
    }
}
