package lucid.nn.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/// Writes the pieces of a file, each at its own place, so that neither order nor threads matter.
final class PieceWriter {
    /// Largest piece; every thread has one buffer of that size.
    static final int BYTES = 1 << 20;

    /// Elements `from` to `from + count` of a source.
    ///
    /// @param size bytes of an element
    /// @param at   byte offset in the file
    record Piece(NewTensor.Source source, long from, int count, int size, long at) {
        void write(FileChannel channel, ByteBuffer buffer) throws IOException {
            source.read(from, count, buffer.clear().limit(count * size));
            writeFully(channel, buffer.clear().limit(count * size), at);
        }
    }

    private PieceWriter() {}

    /// Writes all that is left in the buffer to the place `at`.
    static void writeFully(FileChannel channel, ByteBuffer bytes, long at) throws IOException {
        while (bytes.hasRemaining()) at += channel.write(bytes, at);
    }

    /// Adds the pieces of a tensor whose elements begin at the byte `at`.
    static void add(List<Piece> pieces, NewTensor t, long at) {
        int size = t.type().bytes();
        long elements = t.elements();
        for (long from = 0; from < elements; from += BYTES / size) {
            pieces.add(new Piece(t.source(), from, (int) Math.min(BYTES / size, elements - from), size, at + from * size));
        }
    }

    static void write(FileChannel channel, List<Piece> pieces, int threads) throws IOException {
        AtomicInteger next = new AtomicInteger();
        if (threads == 1) {
            run(channel, pieces, next);
            return;
        }
        List<Future<?>> workers = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().name("write-", 0).factory())) {
            for (int i = 0; i < threads; i++) workers.add(pool.submit(() -> {
                run(channel, pieces, next);
                return null;
            }));
            for (Future<?> worker : workers) await(worker);
        }
    }

    private static void run(FileChannel channel, List<Piece> pieces, AtomicInteger next) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        boolean done = false;
        try {
            for (int i; (i = next.getAndIncrement()) < pieces.size(); ) pieces.get(i).write(channel, buffer);
            done = true;
        } finally {
            // The first failure ends the others' work too.
            if (!done) next.set(pieces.size());
        }
    }

    private static void await(Future<?> worker) throws IOException {
        try {
            worker.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case RuntimeException r -> throw r;
                case Error error -> throw error;
                default -> throw new IllegalStateException(e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException("interrupted while writing", e));
        }
    }
}
