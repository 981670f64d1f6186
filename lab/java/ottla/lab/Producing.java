package ottla.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes records: a deterministic series ("produce") or exactly those given ("produce_records").
 */
final class Producing {
    private static final List<Object> LEFT_OPEN = new java.util.concurrent.CopyOnWriteArrayList<>();
    private static final String WORDS =
        "order paid shipped returned customer street city warehouse ";

    void register(Map<String, Agent.Handler> handlers) {
        handlers.put("produce", this::series);
        handlers.put("produce_records", this::given);
    }

    private static KafkaProducer<byte[], byte[]> producer(Command command) {
        Properties properties = command.client();
        properties.put("key.serializer", ByteArraySerializer.class.getName());
        properties.put("value.serializer", ByteArraySerializer.class.getName());
        properties.putIfAbsent("compression.type", command.text("codec", "none"));
        properties.putIfAbsent("linger.ms", command.text("linger_ms", "5"));
        properties.putIfAbsent("batch.size", command.text("batch_size", "16384"));
        if (command.has("transactional_id")) {
            properties.put("transactional.id", command.text("transactional_id"));
        }
        return new KafkaProducer<>(properties);
    }

    /** What record number i of a series looks like; the same for the same command, always. */
    private static final class Series {
        private final String topic;
        private final int partitions;
        private final int only;
        private final int keys;
        private final int size;
        private final int headers;
        private final int nullKeyEvery;
        private final int nullValueEvery;
        private final long timestamp;
        private final long timestampStep;
        private final String prefix;
        private final byte[] filler;

        Series(Command command, int partitions) {
            topic = command.text("topic");
            this.partitions = partitions;
            only = command.integer("partition", -1);
            keys = command.integer("keys", 1000);
            size = command.integer("size", 100);
            headers = command.integer("headers", 0);
            nullKeyEvery = command.integer("null_key_every", 0);
            nullValueEvery = command.integer("null_value_every", 0);
            timestamp = command.number("timestamp", 0);
            timestampStep = command.number("timestamp_step", 1);
            prefix = command.text("prefix", "");
            filler = filler(size, command.flag("random"));
        }

        /** Text that compresses about two to four times, or bytes that do not compress. */
        private static byte[] filler(int size, boolean random) {
            byte[] bytes = new byte[size + 4096];
            java.util.Random source = new java.util.Random(7);
            if (random) {
                source.nextBytes(bytes);
                return bytes;
            }
            String[] words = WORDS.split(" ");
            StringBuilder text = new StringBuilder();
            while (text.length() < bytes.length) {
                text.append(words[source.nextInt(words.length)])
                    .append(source.nextInt(10000))
                    .append(' ');
            }
            System.arraycopy(
                text.toString().getBytes(StandardCharsets.US_ASCII), 0, bytes, 0, bytes.length);
            return bytes;
        }

        private static boolean every(long i, int n) {
            return n > 0 && i % n == n - 1;
        }

        ProducerRecord<byte[], byte[]> record(long i) {
            int partition = only >= 0 ? only : (int) (i % partitions);
            byte[] key = every(i, nullKeyEvery)
                ? null
                : ("k" + i % keys).getBytes(StandardCharsets.US_ASCII);
            Long time = timestamp == 0 ? null : timestamp + i * timestampStep;
            byte[] value = every(i, nullValueEvery) ? null : value(i);
            var record = new ProducerRecord<>(topic, partition, time, key, value);
            for (int h = 0; h < headers; h++) {
                record.headers().add(
                    "h" + h, ("v" + i + "." + h).getBytes(StandardCharsets.US_ASCII));
            }
            return record;
        }

        private byte[] value(long i) {
            byte[] head = (prefix + i + "|").getBytes(StandardCharsets.UTF_8);
            byte[] value = new byte[Math.max(size, head.length)];
            System.arraycopy(head, 0, value, 0, head.length);
            System.arraycopy(
                filler, (int) (i * 31 % 4096), value, head.length, value.length - head.length);
            return value;
        }
    }

    /**
     * Record i goes to partition i % partitions ("partition" fixes one). With "transactional_id" a
     * transaction ends every "transaction_records", and each "abort_every"th of them is aborted;
     * "leave_open" leaves the last one open for as long as the agent lives.
     */
    private Object series(Command command) throws Exception {
        long first = command.number("first", 0);
        long count = command.number("count", 1);
        boolean transactional = command.has("transactional_id");
        long perTransaction = command.number("transaction_records", 100);
        int abortEvery = command.integer("abort_every", 0);
        long started = System.nanoTime();
        long aborted = 0;
        Map<Integer, Long> committed = new TreeMap<>();
        var producer = producer(command);
        try {
            Series series =
                new Series(command, producer.partitionsFor(command.text("topic")).size());
            if (transactional) {
                producer.initTransactions();
            }
            var sent = new Sent();
            for (long i = 0; i < count;) {
                long end = transactional ? Math.min(count, i + perTransaction) : count;
                boolean abort = transactional && Series.every(i / perTransaction, abortEvery);
                if (transactional) {
                    producer.beginTransaction();
                }
                for (; i < end; i++) {
                    var record = series.record(first + i);
                    producer.send(record, sent);
                    if (!abort) {
                        committed.merge(record.partition(), 1L, Long::sum);
                    } else {
                        aborted++;
                    }
                }
                producer.flush();
                sent.check();
                if (abort) {
                    producer.abortTransaction();
                } else if (transactional && !(command.flag("leave_open") && i >= count)) {
                    producer.commitTransaction();
                }
            }
        } finally {
            if (command.flag("leave_open")) {
                LEFT_OPEN.add(producer); // closing would abort the transaction
            } else {
                producer.close();
            }
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("committed", committed);
        answer.put("aborted", aborted);
        answer.put("seconds", (System.nanoTime() - started) / 1e9);
        return answer;
    }

    private static final class Sent implements org.apache.kafka.clients.producer.Callback {
        private volatile Exception failure;

        @Override
        public void onCompletion(RecordMetadata metadata, Exception exception) {
            if (exception != null) {
                failure = exception;
            }
        }

        void check() throws Exception {
            if (failure != null) {
                throw failure;
            }
        }
    }

    private static byte[] bytes(JsonNode node) {
        return node == null || node.isNull() ? null : Base64.getDecoder().decode(node.asText());
    }

    /**
     * "records": [{partition, timestamp, key, value, headers: [[name, value]]}], bytes in base64.
     */
    private Object given(Command command) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        List<Object> placed = new ArrayList<>();
        try (var producer = producer(command)) {
            for (JsonNode given : command.node("records")) {
                Integer partition =
                    given.hasNonNull("partition") ? given.get("partition").asInt() : null;
                Long time = given.hasNonNull("timestamp") ? given.get("timestamp").asLong() : null;
                var record = new ProducerRecord<>(command.text("topic"), partition, time,
                    bytes(given.get("key")), bytes(given.get("value")));
                for (JsonNode header : given.path("headers")) {
                    record.headers().add(
                        new RecordHeader(header.get(0).asText(), bytes(header.get(1))));
                }
                sent.add(producer.send(record));
            }
            producer.flush();
            for (Future<RecordMetadata> one : sent) {
                placed.add(List.of(one.get().partition(), one.get().offset()));
            }
        }
        return placed;
    }
}
