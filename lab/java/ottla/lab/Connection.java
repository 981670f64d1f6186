package ottla.lab;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** A client's connection through the link and the one to its target, with a Pipe each way. */
final class Connection {
    private final LinkState state;
    private final SocketChannel client;
    private final Consumer<Connection> onEnd;
    private final AtomicInteger openWays = new AtomicInteger(2);
    private volatile SocketChannel target;
    private volatile Pipe there;
    private volatile Pipe back;

    Connection(LinkState state, SocketChannel client, Consumer<Connection> onEnd) {
        this.state = state;
        this.client = client;
        this.onEnd = onEnd;
    }

    void start(InetSocketAddress address) {
        try {
            target = SocketChannel.open(address);
            client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            target.setOption(StandardSocketOptions.TCP_NODELAY, true);
        } catch (IOException e) {
            reset(); // nobody listens there
            return;
        }
        // Loopback answered the client's SYN at once; the round trip it should have cost comes on
        // top of the first byte's own way.
        long firstArrival = System.nanoTime() + 3 * state.oneWayNanos;
        there = new Pipe(state, state.toTarget, client, target, firstArrival, this::ended);
        back = new Pipe(state, state.fromTarget, target, client, System.nanoTime(), this::ended);
        there.start();
        back.start();
    }

    /** Each pipe calls it once. A failed one takes the whole connection with it. */
    private void ended(boolean failed) {
        if (failed) {
            reset();
        } else if (openWays.decrementAndGet() == 0) {
            close(client);
            close(target);
            onEnd.accept(this);
        }
    }

    /** RST to both sides, now. */
    void reset() {
        abort(client);
        abort(target);
        stop(there);
        stop(back);
        onEnd.accept(this);
    }

    private static void stop(Pipe pipe) {
        if (pipe != null) {
            pipe.stop();
        }
    }

    private static void abort(SocketChannel channel) {
        if (channel != null) {
            try {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            } catch (IOException e) {
                // Closed already.
            }
            close(channel);
        }
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing is left to do with it.
        }
    }
}
