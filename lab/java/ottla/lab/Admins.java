package ottla.lab;

import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaFuture;

/** One admin client per distinct set of client properties, kept for the life of the agent. */
final class Admins {
    private static final Map<Properties, Admin> CLIENTS = new ConcurrentHashMap<>();

    private Admins() {}

    static Admin of(Command command) {
        return CLIENTS.computeIfAbsent(command.client(), key -> {
            Properties properties = (Properties) key.clone();
            properties.putIfAbsent("request.timeout.ms", "10000");
            properties.putIfAbsent("default.api.timeout.ms", "30000");
            properties.putIfAbsent("reconnect.backoff.max.ms", "200");
            return Admin.create(properties);
        });
    }

    static void forget(Command command) {
        Admin admin = CLIENTS.remove(command.client());
        if (admin != null) {
            admin.close(java.time.Duration.ZERO);
        }
    }

    static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(60, TimeUnit.SECONDS);
    }
}
