package ottla.lab;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/** Direct buffers of one size, reused: left to the garbage collector they would pile up. */
final class BufferPool {
    static final int CHUNK = 128 * 1024;
    private static final int SPARE = 2048;
    private static final int SMALL = CHUNK / 4;

    private final ArrayDeque<ByteBuffer> spare = new ArrayDeque<>();

    ByteBuffer take() {
        synchronized (spare) {
            ByteBuffer buffer = spare.poll();
            if (buffer != null) {
                return buffer.clear();
            }
        }
        return ByteBuffer.allocateDirect(CHUNK);
    }

    void give(ByteBuffer buffer) {
        synchronized (spare) {
            if (buffer.isDirect() && spare.size() < SPARE) {
                spare.push(buffer);
            }
        }
    }

    /** A few bytes that must wait for their time should not hold a whole chunk. */
    ByteBuffer trim(ByteBuffer full) {
        if (full.remaining() >= SMALL) {
            return full;
        }
        ByteBuffer small = ByteBuffer.allocate(full.remaining()).put(full).flip();
        give(full);
        return small;
    }
}
