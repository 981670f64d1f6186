package ottla.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads records: digests and dumps up to the present end, or as a member of a group. */
final class Consuming {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration POLL = Duration.ofMillis(100);

    void register(Map<String, Agent.Handler> handlers) {
        handlers.put("digest", this::digest);
        handlers.put("dump", this::dump);
        handlers.put("consume_group", this::consumeGroup);
    }

    private static KafkaConsumer<byte[], byte[]> consumer(Command command) {
        Properties properties = command.client();
        properties.put("key.deserializer", ByteArrayDeserializer.class.getName());
        properties.put("value.deserializer", ByteArrayDeserializer.class.getName());
        properties.putIfAbsent("isolation.level", command.text("isolation", "read_committed"));
        properties.putIfAbsent("auto.offset.reset", "earliest");
        properties.putIfAbsent("enable.auto.commit", "false");
        if (command.has("group")) {
            properties.put("group.id", command.text("group"));
            properties.put("group.protocol", command.text("protocol", "classic"));
            properties.putIfAbsent("max.poll.records", command.text("max_poll_records", "500"));
        }
        return new KafkaConsumer<>(properties);
    }

    /** All records from the start of each partition to where its end is now. */
    private static void readAll(Command command, Consumer<ConsumerRecord<byte[], byte[]>> sink) {
        long deadline = System.currentTimeMillis() + command.number("timeout_ms", 60_000);
        try (var consumer = consumer(command)) {
            List<TopicPartition> partitions = new ArrayList<>();
            consumer.partitionsFor(command.text("topic")).forEach(info -> {
                if (!command.has("partition")
                    || command.integer("partition", 0) == info.partition()) {
                    partitions.add(new TopicPartition(info.topic(), info.partition()));
                }
            });
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            if (command.has("from")) {
                partitions.forEach(
                    partition -> consumer.seek(partition, command.number("from", 0)));
            }
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream().anyMatch(
                e -> consumer.position(e.getKey()) < e.getValue())) {
                if (System.currentTimeMillis() > deadline) {
                    throw new IllegalStateException("not all read in time, ends " + ends);
                }
                consumer.poll(POLL).forEach(sink);
            }
        }
    }

    /** Order-sensitive: key, value, timestamp and headers; offsets go into a second digest. */
    private static final class PartitionDigest {
        private final MessageDigest content = sha256();
        private final MessageDigest offsets = sha256();
        private long count;
        private long first = -1;
        private long last = -1;

        private static MessageDigest sha256() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (java.security.NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }

        private void add(byte[] bytes) {
            content.update(ByteBuffer.allocate(4).putInt(bytes == null ? -1 : bytes.length).flip());
            if (bytes != null) {
                content.update(bytes);
            }
        }

        void add(ConsumerRecord<byte[], byte[]> record) {
            add(record.key());
            add(record.value());
            content.update(ByteBuffer.allocate(8).putLong(record.timestamp()).flip());
            for (Header header : record.headers()) {
                add(header.key().getBytes(StandardCharsets.UTF_8));
                add(header.value());
            }
            offsets.update(ByteBuffer.allocate(8).putLong(record.offset()).flip());
            first = count++ == 0 ? record.offset() : first;
            last = record.offset();
        }

        Map<String, Object> answer() {
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("count", count);
            answer.put("first", first);
            answer.put("last", last);
            answer.put("content", HexFormat.of().formatHex(content.digest()));
            answer.put("offsets", HexFormat.of().formatHex(offsets.digest()));
            return answer;
        }
    }

    private Object digest(Command command) {
        Map<Integer, PartitionDigest> digests = new TreeMap<>();
        readAll(command,
            record
            -> digests.computeIfAbsent(record.partition(), p -> new PartitionDigest()).add(record));
        Map<Integer, Object> answer = new TreeMap<>();
        digests.forEach((partition, digest) -> answer.put(partition, digest.answer()));
        return answer;
    }

    private Object dump(Command command) throws Exception {
        long[] count = {0};
        Path file = Path.of(command.text("file"));
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file))) {
            readAll(command, record -> {
                out.println(json(record));
                count[0]++;
            });
        }
        return count[0];
    }

    private static ObjectNode json(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode line = JSON.createObjectNode();
        line.put("topic", record.topic());
        line.put("partition", record.partition());
        line.put("offset", record.offset());
        line.put("timestamp", record.timestamp());
        line.put("timestamp_type", record.timestampType().toString());
        line.put("leader_epoch", record.leaderEpoch().orElse(-1));
        line.put("key", record.key());
        line.put("value", record.value());
        ArrayNode headers = line.putArray("headers");
        for (Header header : record.headers()) {
            headers.addArray().add(header.key()).add(header.value());
        }
        return line;
    }

    /**
     * Joins "group", reads until "count" records came, commits, leaves. "protocol": classic,
     * consumer.
     */
    private Object consumeGroup(Command command) {
        long count = command.number("count", 1);
        long deadline = System.currentTimeMillis() + command.number("timeout_ms", 60_000);
        List<Object> values = new ArrayList<>();
        try (var consumer = consumer(command)) {
            consumer.subscribe(command.texts("topics"));
            long read = 0;
            while (read < count) {
                if (System.currentTimeMillis() > deadline) {
                    throw new IllegalStateException("read " + read + " of " + count + " in time");
                }
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    read++;
                    if (command.flag("values")) {
                        values.add(json(record));
                    }
                }
            }
            consumer.commitSync();
        }
        return values;
    }
}
