package ottla.lab;

import java.util.concurrent.ThreadLocalRandom;

/**
 * What all connections of a link share: its settings, whether it is cut, and its two directions.
 */
final class LinkState {
    /** Longest queue before the bottleneck, as time; senders wait rather than fill memory. */
    private static final long QUEUE_NANOS = 20_000_000;

    volatile long oneWayNanos;
    volatile long jitterNanos;
    volatile long bandwidth; // bytes a second each way, 0: unlimited
    volatile long windowBytes; // unacknowledged bytes per connection and way, 0: unlimited
    final BufferPool buffers = new BufferPool();
    final Direction toTarget = new Direction();
    final Direction fromTarget = new Direction();
    private boolean down;

    synchronized void set(double rttMs, double jitterMs, long bytesPerSecond, long window) {
        oneWayNanos = (long) (rttMs * 500_000);
        jitterNanos = (long) (jitterMs * 1_000_000);
        bandwidth = bytesPerSecond;
        windowBytes = window;
    }

    synchronized void setDown(boolean value) {
        down = value;
        notifyAll();
    }

    synchronized void awaitUp() {
        while (down) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** One way through the bottleneck: bytes leave one after the other at the link's bandwidth. */
    final class Direction {
        private long freeAt;
        private long bytes;

        synchronized long bytes() {
            return bytes;
        }

        /** Queues count bytes behind all others; the time (nanoTime) at which they arrive. */
        synchronized long transmit(int count) {
            long now = System.nanoTime();
            bytes += count;
            long rate = bandwidth;
            freeAt = Math.max(now, freeAt);
            if (rate > 0) {
                freeAt += (long) (count * 1e9 / rate);
            }
            long jitter =
                jitterNanos == 0 ? 0 : ThreadLocalRandom.current().nextLong(jitterNanos + 1);
            return freeAt + oneWayNanos + jitter;
        }

        /** Nanoseconds to wait until the queue is short enough to read more. */
        synchronized long backlogNanos() {
            return bandwidth == 0 ? 0 : freeAt - System.nanoTime() - QUEUE_NANOS;
        }
    }
}
