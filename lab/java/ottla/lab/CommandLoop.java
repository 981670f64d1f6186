package ottla.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Requests as a JSON object a line on standard input, one answer a line on standard output, paired
 * by "id"; commands run side by side. The JVM ends with its input, hence with its parent.
 */
final class CommandLoop {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Agent.Handler> handlers;
    private final PrintStream out;

    private CommandLoop(Map<String, Agent.Handler> handlers, PrintStream out) {
        this.handlers = handlers;
        this.out = out;
    }

    static void run(Map<String, Agent.Handler> handlers) throws IOException {
        CommandLoop loop = new CommandLoop(handlers, System.out);
        System.setOut(System.err); // nothing but answers may reach standard output
        ExecutorService threads = Executors.newCachedThreadPool();
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode request = JSON.readTree(line);
            threads.execute(() -> loop.answer(request));
        }
        Runtime.getRuntime().halt(0);
    }

    private void answer(JsonNode request) {
        ObjectNode reply = JSON.createObjectNode();
        reply.set("id", request.get("id"));
        try {
            Command command = new Command(request);
            Agent.Handler handler = handlers.get(command.name());
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
