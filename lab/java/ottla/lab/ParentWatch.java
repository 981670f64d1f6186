package ottla.lab;

import java.io.IOException;
import java.io.InputStream;

/**
 * Ends this JVM when its standard input ends. The parent holds the other end of that pipe, so even
 * a parent killed with SIGKILL leaves no broker behind.
 */
final class ParentWatch {
    private ParentWatch() {}

    static void start() {
        Thread watch = new Thread(() -> awaitEnd(System.in), "parent-watch");
        watch.setDaemon(true);
        watch.start();
    }

    private static void awaitEnd(InputStream in) {
        try {
            byte[] ignored = new byte[256];
            while (in.read(ignored) >= 0) {
            }
        } catch (IOException e) {
            // A broken pipe says the same as its end: nobody is left.
        }
        Runtime.getRuntime().halt(3);
    }
}
