package ottla.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** One request of the agent: typed access to its JSON fields. */
final class Command {
    private final JsonNode json;

    Command(JsonNode json) {
        this.json = json;
    }

    String name() {
        return text("command");
    }

    JsonNode node(String field) {
        return json.path(field);
    }

    boolean has(String field) {
        return json.hasNonNull(field);
    }

    String text(String field) {
        if (!has(field)) {
            throw new IllegalArgumentException("the command needs the field '" + field + "'");
        }
        return json.get(field).asText();
    }

    String text(String field, String otherwise) {
        return has(field) ? json.get(field).asText() : otherwise;
    }

    long number(String field, long otherwise) {
        return has(field) ? json.get(field).asLong() : otherwise;
    }

    int integer(String field, int otherwise) {
        return has(field) ? json.get(field).asInt() : otherwise;
    }

    boolean flag(String field) {
        return json.path(field).asBoolean(false);
    }

    List<String> texts(String field) {
        List<String> values = new ArrayList<>();
        json.path(field).forEach(value -> values.add(value.asText()));
        return values;
    }

    Map<String, String> map(String field) {
        Map<String, String> values = new LinkedHashMap<>();
        json.path(field).properties().forEach(e -> values.put(e.getKey(), e.getValue().asText()));
        return values;
    }

    /**
     * Client properties: bootstrap.servers plus whatever "client" adds (security, isolation level,
     * ...).
     */
    Properties client() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", text("bootstrap"));
        properties.putAll(map("client"));
        allowTokenEndpoint(properties.getProperty("sasl.oauthbearer.token.endpoint.url"));
        return properties;
    }

    /** Kafka asks tokens only of endpoints that the JVM was told of. */
    private static synchronized void allowTokenEndpoint(String url) {
        String name = "org.apache.kafka.sasl.oauthbearer.allowed.urls";
        String allowed = System.getProperty(name, "");
        if (url != null && !allowed.contains(url)) {
            System.setProperty(name, allowed.isEmpty() ? url : allowed + "," + url);
        }
    }
}
