package ottla.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A wide-area link in user space: accepts on loopback ports, forwards to others, and delays, limits
 * and interrupts what passes. Argument: JSON [[listen port, host, port], ...]. Commands: set, cut,
 * restore, cut_connections, stats.
 */
public final class WanLink {
    private final LinkState state = new LinkState();
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

    private WanLink() {}

    public static void main(String[] args) throws IOException {
        WanLink link = new WanLink();
        for (JsonNode route : new ObjectMapper().readTree(args[0])) {
            link.listen(route.get(0).asInt(),
                new InetSocketAddress(route.get(1).asText(), route.get(2).asInt()));
        }
        Map<String, Agent.Handler> handlers = new HashMap<>();
        handlers.put("set", link::set);
        handlers.put("cut", command -> link.cut(true));
        handlers.put("restore", command -> link.cut(false));
        handlers.put("cut_connections", command -> link.reset());
        handlers.put("stats",
            command
            -> Map.of("connections", link.connections.size(), "bytes_to_target",
                link.state.toTarget.bytes(), "bytes_from_target", link.state.fromTarget.bytes()));
        CommandLoop.run(handlers);
    }

    private void listen(int port, InetSocketAddress target) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open();
        server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        server.bind(new InetSocketAddress("127.0.0.1", port), 1024);
        Thread acceptor = new Thread(() -> accept(server, target), "accept-" + port);
        acceptor.setDaemon(true);
        acceptor.start();
    }

    private void accept(ServerSocketChannel server, InetSocketAddress target) {
        while (true) {
            try {
                SocketChannel client = server.accept();
                state.awaitUp(); // while cut, a new connection hangs, like a lost SYN
                Connection connection = new Connection(state, client, connections::remove);
                connections.add(connection);
                connection.start(target);
            } catch (IOException e) {
                System.err.println("accept: " + e);
            }
        }
    }

    private Object set(Command command) {
        state.set(command.node("rtt_ms").asDouble(0), command.node("jitter_ms").asDouble(0),
            command.number("bandwidth", 0), command.number("window_bytes", 0));
        return true;
    }

    private Object cut(boolean down) {
        state.setDown(down);
        return true;
    }

    private Object reset() {
        int count = 0;
        for (Connection connection : connections) {
            connection.reset();
            count++;
        }
        return count;
    }
}
