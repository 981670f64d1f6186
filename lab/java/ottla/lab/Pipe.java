package ottla.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * One way of a connection. A thread reads chunks and stamps each with its time of arrival; another
 * writes them when that time has come. Bytes count as in flight until their acknowledgement is
 * back, a one-way delay after arrival; with a window, reading stops while that many are in flight.
 */
final class Pipe {
    private static final int CHUNK = BufferPool.CHUNK;
    private static final long UNLIMITED_QUEUE_BYTES = 64L << 20;

    private record Chunk(ByteBuffer data, long arrival) {}

    private record Acknowledgement(int bytes, long at) {}

    private final LinkState state;
    private final LinkState.Direction direction;
    private final SocketChannel source;
    private final SocketChannel target;
    private final Consumer<Boolean> onEnd;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Chunk> queue = new ArrayDeque<>();
    private final ArrayDeque<Acknowledgement> acknowledgements = new ArrayDeque<>();
    private long inFlight;
    private long notBefore;
    private boolean ended;
    private boolean stopped;

    Pipe(LinkState state, LinkState.Direction direction, SocketChannel source, SocketChannel target,
        long notBefore, Consumer<Boolean> onEnd) {
        this.state = state;
        this.direction = direction;
        this.source = source;
        this.target = target;
        this.notBefore = notBefore;
        this.onEnd = onEnd;
    }

    void start() {
        startThread("read", this::readAll);
        startThread("write", this::writeAll);
    }

    void stop() {
        lock.lock();
        try {
            stopped = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static void startThread(String name, Runnable body) {
        Thread thread = new Thread(null, body, name, 128 * 1024);
        thread.setDaemon(true);
        thread.start();
    }

    private void readAll() {
        try {
            while (true) {
                int room = awaitRoom();
                if (room == 0) {
                    return;
                }
                ByteBuffer buffer = state.buffers.take();
                boolean end = source.read(buffer.limit(room)) < 0;
                send(end ? null : state.buffers.trim(buffer.flip()));
                if (end) {
                    return;
                }
            }
        } catch (IOException | InterruptedException e) {
            onEnd.accept(true);
        }
    }

    /** A null buffer stands for the end of the stream. */
    private void send(ByteBuffer buffer) {
        int count = buffer == null ? 0 : buffer.remaining();
        long arrival = direction.transmit(count);
        lock.lock();
        try {
            notBefore = Math.max(arrival, notBefore); // jitter does not reorder a stream
            queue.add(new Chunk(buffer, notBefore));
            inFlight += count;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes that may be read now, at least 1; 0 when the pipe was stopped. */
    private int awaitRoom() throws InterruptedException {
        lock.lock();
        try {
            while (!stopped) {
                long now = System.nanoTime();
                while (!acknowledgements.isEmpty() && acknowledgements.peek().at <= now) {
                    inFlight -= acknowledgements.poll().bytes;
                }
                long window = state.windowBytes > 0 ? state.windowBytes : UNLIMITED_QUEUE_BYTES;
                long backlog = direction.backlogNanos();
                if (inFlight < window && backlog <= 0) {
                    return (int) Math.min(CHUNK, window - inFlight);
                }
                long wait = inFlight < window    ? backlog
                    : acknowledgements.isEmpty() ? TimeUnit.SECONDS.toNanos(1)
                                                 : acknowledgements.peek().at - now;
                changed.awaitNanos(wait);
            }
            return 0;
        } finally {
            lock.unlock();
        }
    }

    private void writeAll() {
        try {
            for (Chunk chunk = next(); chunk != null; chunk = next()) {
                state.awaitUp();
                if (chunk.data == null) {
                    target.shutdownOutput();
                    onEnd.accept(false);
                    return;
                }
                int count = chunk.data.remaining();
                while (chunk.data.hasRemaining()) {
                    target.write(chunk.data);
                }
                state.buffers.give(chunk.data);
                delivered(count);
            }
        } catch (IOException | InterruptedException e) {
            onEnd.accept(true);
        }
    }

    /** The oldest chunk, once it has arrived; null when the pipe was stopped. */
    private Chunk next() throws InterruptedException {
        lock.lock();
        try {
            while (!stopped) {
                if (queue.isEmpty()) {
                    changed.await();
                    continue;
                }
                long wait = queue.peek().arrival - System.nanoTime();
                if (wait <= 0) {
                    return queue.poll();
                }
                changed.awaitNanos(wait);
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private void delivered(int count) {
        lock.lock();
        try {
            acknowledgements.add(new Acknowledgement(count, System.nanoTime() + state.oneWayNanos));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
