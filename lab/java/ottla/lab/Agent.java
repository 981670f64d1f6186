package ottla.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Kafka's own Java clients behind a line protocol: a JSON object a line on standard input, one answer
 * a line on standard output. The tests see the clusters through it, independently of our own code,
 * without a JVM start per question. Commands run side by side; "id" pairs answers with requests.
 */
public final class Agent {
    private static final ObjectMapper JSON = new ObjectMapper();

    interface Handler {
        Object run(Command command) throws Exception;
    }

    private final Map<String, Handler> handlers = new HashMap<>();
    private final PrintStream out;

    private Agent(PrintStream out) {
        this.out = out;
        new TopicCommands().register(handlers);
        new GroupCommands().register(handlers);
        new SecurityCommands().register(handlers);
        new Producing().register(handlers);
        new Consuming().register(handlers);
        handlers.put("ping", command -> "pong");
    }

    public static void main(String[] args) throws IOException {
        Agent agent = new Agent(System.out);
        System.setOut(System.err);  // nothing but answers may reach standard output
        ExecutorService threads = Executors.newCachedThreadPool();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode request = JSON.readTree(line);
            threads.execute(() -> agent.answer(request));
        }
        Runtime.getRuntime().halt(0);
    }

    private void answer(JsonNode request) {
        ObjectNode reply = JSON.createObjectNode();
        reply.set("id", request.get("id"));
        try {
            Command command = new Command(request);
            Handler handler = handlers.get(command.name());
            if (handler == null) {
                throw new IllegalArgumentException("no command named " + command.name());
            }
            reply.set("result", JSON.valueToTree(handler.run(command)));
        } catch (Throwable thrown) {
            Throwable cause = thrown instanceof ExecutionException ? thrown.getCause() : thrown;
            reply.put("error", cause.getClass().getSimpleName() + ": " + cause.getMessage());
            thrown.printStackTrace();
        }
        synchronized (out) {
            out.println(reply);
            out.flush();
        }
    }
}
