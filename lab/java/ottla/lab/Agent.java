package ottla.lab;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * Kafka's own Java clients behind a line protocol (CommandLoop). The tests see the clusters through
 * it, independently of our own code, without a JVM start per question.
 */
public final class Agent {
    interface Handler {
        Object run(Command command) throws Exception;
    }

    private Agent() {}

    public static void main(String[] args) throws IOException {
        Map<String, Handler> handlers = new HashMap<>();
        new TopicCommands().register(handlers);
        new GroupCommands().register(handlers);
        new SecurityCommands().register(handlers);
        new Producing().register(handlers);
        new Consuming().register(handlers);
        CommandLoop.run(handlers);
    }
}
