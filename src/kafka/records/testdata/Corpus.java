// Writes record batches with Kafka's own classes, and prints what Kafka's own reader finds in a file.
//
//   javac -cp 'LIBS/*' -d OUT Corpus.java
//   java -cp 'OUT:LIBS/*' Corpus generate DIR     NAME.bin and NAME.txt for every case
//   java -cp 'OUT:LIBS/*' Corpus dump FILE…       the text form of FILE; checks checksums
//   java -cp 'OUT:LIBS/*' Corpus check DIR        whether each NAME.bin there says what NAME.txt says
//
// LIBS holds kafka-clients 4.3.1 and what it depends on (mvn dependency:copy-dependencies).
// java_corpus_test.cc compares the text form with what our reader finds; corpus_text.h documents its
// grammar. What our code writes (target write_for_java) is checked the other way round.

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

public class Corpus {
    static final long TIME = 1700000000000L;

    public static void main(String[] args) throws IOException {
        if (args[0].equals("generate")) {
            generate(Path.of(args[1]));
            return;
        }
        if (args[0].equals("check")) {
            check(Path.of(args[1]));
            return;
        }
        for (int i = 1; i < args.length; ++i) {
            System.out.print(dump(ByteBuffer.wrap(Files.readAllBytes(Path.of(args[i])))));
        }
    }

    static void generate(Path dir) throws IOException {
        for (CompressionType type : CompressionType.values()) {
            for (byte magic = 0; magic <= 2; ++magic) {
                if (type == CompressionType.ZSTD && magic < 2) continue;
                write(dir, "v" + magic + "-" + type.name, plain(magic, type));
            }
        }
        write(dir, "v1-gzip-log-append-time", logAppendTime((byte) 1, CompressionType.GZIP));
        write(dir, "v2-none-log-append-time", logAppendTime((byte) 2, CompressionType.NONE));
        write(dir, "v2-none-gaps", gaps(CompressionType.NONE));
        write(dir, "v2-zstd-gaps", gaps(CompressionType.ZSTD));
        write(dir, "v2-transactions", transactions());
        write(dir, "v2-delete-horizon", deleteHorizon());
        write(dir, "v2-snappy-large", large(CompressionType.SNAPPY));
        write(dir, "v2-lz4-large", large(CompressionType.LZ4));
    }

    static void check(Path dir) throws IOException {
        int good = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(dir, "*.bin")) {
            for (Path file : files) {
                String text = dump(ByteBuffer.wrap(Files.readAllBytes(file)));
                Path expected = Path.of(file.toString().replaceAll("bin$", "txt"));
                if (!text.equals(Files.readString(expected))) {
                    System.err.println(file + " holds\n" + text);
                    System.exit(1);
                }
                ++good;
            }
        }
        System.out.println(good + " files are read by Kafka as expected");
    }

    static void write(Path dir, String name, ByteBuffer bytes) throws IOException {
        byte[] raw = new byte[bytes.remaining()];
        bytes.duplicate().get(raw);
        Files.write(dir.resolve(name + ".bin"), raw);
        Files.writeString(dir.resolve(name + ".txt"), dump(ByteBuffer.wrap(raw)));
    }

    static byte[] utf8(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    static MemoryRecordsBuilder builder(ByteBuffer buffer, byte magic, CompressionType type,
                                        TimestampType time, long baseOffset) {
        return MemoryRecords.builder(buffer, magic, Compression.of(type).build(), time, baseOffset, TIME + 5000);
    }

    // Two batches: all kinds of absent and empty fields, and a second one of one record.
    static ByteBuffer plain(byte magic, CompressionType type) {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        MemoryRecordsBuilder first = builder(buffer, magic, type, TimestampType.CREATE_TIME, 100);
        Header[] none = new Header[0];
        Header[] some = {new RecordHeader("trace", utf8("abc")), new RecordHeader("", new byte[0]),
            new RecordHeader("absent", (byte[]) null)};
        first.append(TIME, utf8("k1"), utf8("hello world"), magic == 2 ? some : none);
        first.append(TIME + 1000, (byte[]) null, utf8("no key"), none);
        first.append(TIME - 1000, utf8("no value"), null, none);
        first.append(TIME + 70000, new byte[0], new byte[0], none);
        first.append(TIME + 2, utf8("long"), utf8("abcdefghij".repeat(200)), none);
        ByteBuffer one = first.build().buffer();
        ByteBuffer rest = ByteBuffer.allocate(1 << 16);
        MemoryRecordsBuilder second = builder(rest, magic, type, TimestampType.CREATE_TIME, 105);
        second.append(TIME + 3, utf8("k2"), utf8("second batch"), none);
        return concatenate(one, second.build().buffer());
    }

    static ByteBuffer logAppendTime(byte magic, CompressionType type) {
        MemoryRecordsBuilder b = builder(ByteBuffer.allocate(4096), magic, type, TimestampType.LOG_APPEND_TIME, 7);
        b.append(TIME, utf8("a"), utf8("1"));
        b.append(TIME + 1, utf8("b"), utf8("2"));
        return b.build().buffer();
    }

    static ByteBuffer gaps(CompressionType type) {
        MemoryRecordsBuilder b = builder(ByteBuffer.allocate(4096), (byte) 2, type, TimestampType.CREATE_TIME, 50);
        b.appendWithOffset(50, TIME, utf8("a"), utf8("1"));
        b.appendWithOffset(54, TIME + 1, utf8("b"), utf8("2"));
        b.appendWithOffset(55, TIME + 2, utf8("c"), utf8("3"));
        b.appendWithOffset(59, TIME + 3, utf8("d"), utf8("4"));
        return b.build().buffer();
    }

    static ByteBuffer transactions() {
        ByteBuffer all = ByteBuffer.allocate(1 << 16);
        all.put(transactional(0, 36, 0));
        all.put(transactional(1, 37, 0));
        all.put(marker(2, 36, ControlRecordType.ABORT));
        all.put(transactional(3, 36, 1));
        all.put(marker(4, 37, ControlRecordType.COMMIT));
        all.put(marker(5, 36, ControlRecordType.COMMIT));
        all.flip();
        return all;
    }

    static ByteBuffer transactional(long offset, long producerId, int sequence) {
        MemoryRecordsBuilder b = MemoryRecords.builder(ByteBuffer.allocate(1024), (byte) 2, Compression.NONE,
            TimestampType.CREATE_TIME, offset, TIME, producerId, (short) 3, sequence, true, 4);
        b.append(TIME + offset, utf8("k"), utf8("of " + producerId));
        return b.build().buffer();
    }

    static ByteBuffer marker(long offset, long producerId, ControlRecordType type) {
        return MemoryRecords.withEndTransactionMarker(offset, TIME + offset, 4, producerId, (short) 3,
            new EndTransactionMarker(type, 9)).buffer();
    }

    static ByteBuffer deleteHorizon() {
        MemoryRecordsBuilder b = new MemoryRecordsBuilder(new ByteBufferOutputStream(4096), (byte) 2,
            Compression.NONE, TimestampType.CREATE_TIME, 10, RecordBatch.NO_TIMESTAMP, RecordBatch.NO_PRODUCER_ID,
            RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE, false, false, 0, 4096, TIME + 86400000L);
        b.append(TIME, utf8("gone"), null);
        b.append(TIME + 1, utf8("gone too"), null);
        return b.build().buffer();
    }

    static ByteBuffer large(CompressionType type) {
        MemoryRecordsBuilder b = builder(ByteBuffer.allocate(1 << 20), (byte) 2, type, TimestampType.CREATE_TIME, 0);
        b.append(TIME, utf8("large"), utf8("0123456789abcdef".repeat(10000)));
        return b.build().buffer();
    }

    static ByteBuffer concatenate(ByteBuffer a, ByteBuffer b) {
        ByteBuffer all = ByteBuffer.allocate(a.remaining() + b.remaining());
        all.put(a).put(b).flip();
        return all;
    }

    static String dump(ByteBuffer bytes) {
        StringBuilder out = new StringBuilder();
        for (RecordBatch batch : MemoryRecords.readableRecords(bytes).batches()) {
            batch.ensureValid();
            out.append("batch magic ").append(batch.magic()).append(' ').append(batch.compressionType().name)
                .append(" last ").append(batch.lastOffset())
                .append(' ').append(batch.timestampType().name).append(' ').append(batch.isTransactional())
                .append(' ').append(batch.isControlBatch()).append(" producer ").append(batch.producerId())
                .append(' ').append(batch.producerEpoch()).append(' ').append(batch.baseSequence()).append('\n');
            for (Record record : batch) {
                out.append("  ").append(record.offset()).append(' ').append(record.timestamp())
                    .append(' ').append(show(record.hasKey() ? record.key() : null))
                    .append(' ').append(show(record.hasValue() ? record.value() : null));
                for (Header header : record.headers()) {
                    out.append(" [").append(header.key()).append("]=")
                        .append(show(header.value() == null ? null : ByteBuffer.wrap(header.value())));
                }
                out.append('\n');
            }
        }
        return out.toString();
    }

    static String show(ByteBuffer field) {
        if (field == null) return "null";
        byte[] raw = new byte[field.remaining()];
        field.duplicate().get(raw);
        if (raw.length > 40) {
            CRC32 crc = new CRC32();
            crc.update(raw);
            return String.format("%d:%08x", raw.length, crc.getValue());
        }
        StringBuilder hex = new StringBuilder("x");
        for (byte b : raw) hex.append(String.format("%02x", b));
        return hex.toString();
    }
}
