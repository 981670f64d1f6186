// Kafka's own message classes as a referee.
//
// java -cp 'libs/*' Recode.java
//     reads lines "Name version hex", decodes each with Kafka's class, encodes it again and prints
//     the hex, or "unsupported", or "failed: why"
// java -cp 'libs/*' Recode.java errors
//     prints "name,number,retriable,refresh_metadata" per error code

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.kafka.common.errors.InvalidMetadataException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

public class Recode {
    private static final String PACKAGE = "org.apache.kafka.common.message.";

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        if (args.length > 0 && args[0].equals("errors")) {
            printErrors(out);
        } else {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.println(recode(line.split(" ", -1)));
            }
        }
        out.flush();
    }

    private static String recode(String[] words) {
        try {
            Message message = create(words[0]);
            short version = Short.parseShort(words[1]);
            if (version < message.lowestSupportedVersion()
                    || version > message.highestSupportedVersion()) {
                return "unsupported";
            }
            ByteBuffer input = ByteBuffer.wrap(HexFormat.of().parseHex(words[2]));
            message.read(new ByteBufferAccessor(input), version);
            if (input.hasRemaining()) {
                return "failed: " + input.remaining() + " bytes are left";
            }
            ObjectSerializationCache cache = new ObjectSerializationCache();
            ByteBuffer output = ByteBuffer.allocate(message.size(cache, version));
            message.write(new ByteBufferAccessor(output), cache, version);
            return HexFormat.of().formatHex(output.array());
        } catch (Exception e) {
            return "failed: " + e;
        }
    }

    private static Message create(String name) throws ReflectiveOperationException {
        try {
            return (Message) Class.forName(PACKAGE + name + "Data").getConstructor().newInstance();
        } catch (ClassNotFoundException e) {
            return (Message) Class.forName(PACKAGE + name).getConstructor().newInstance();
        }
    }

    private static void printErrors(PrintStream out) {
        for (Errors error : Errors.values()) {
            boolean retriable = error.exception() instanceof RetriableException;
            boolean refresh = error.exception() instanceof InvalidMetadataException;
            out.println(error.name() + "," + error.code() + "," + (retriable ? "yes" : "no") + ","
                    + (refresh ? "yes" : "no"));
        }
    }
}
