package ottla.lab;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A Kafka broker and/or controller in the lab: formats its storage if that is new, then runs
 * Kafka's own main class. One JVM instead of two halves the start-up time. Arguments: the log
 * directory, server.properties, then further arguments of `kafka-storage format`.
 */
public final class Broker {
    private Broker() {}

    public static void main(String[] args) {
        ParentWatch.start();
        Path logDir = Path.of(args[0]);
        if (!Files.exists(logDir.resolve("meta.properties"))) {
            String[] format = new String[args.length + 1];
            format[0] = "format";
            format[1] = "--config";
            format[2] = args[1];
            System.arraycopy(args, 2, format, 3, args.length - 2);
            int code = kafka.tools.StorageTool.execute(format, System.out);
            if (code != 0) {
                System.err.println("formatting failed: " + Arrays.toString(format));
                System.exit(code);
            }
        }
        kafka.Kafka.main(new String[] {args[1]});
    }
}
