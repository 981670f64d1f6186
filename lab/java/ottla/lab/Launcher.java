package ottla.lab;

import java.util.Arrays;

/**
 * Runs another class's main in a JVM that ends with its parent. Arguments: class name, its
 * arguments.
 */
public final class Launcher {
    private Launcher() {}

    public static void main(String[] args) throws Exception {
        ParentWatch.start();
        Class.forName(args[0])
            .getMethod("main", String[].class)
            .invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
    }
}
