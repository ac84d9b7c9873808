package lucid.nn.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import lucid.nn.checkpoint.CheckpointConversion.Layout;
import lucid.nn.file.NewTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFormat;
import lucid.nn.weights.Declaration;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.RandomValues;

/// Writes a checkpoint with random weights in a published layout, streamed to the disk in pieces of a megabyte: a model of any size in little memory.
/// Every number is a function of (seed, the tensor's name, its place): the same files whatever the threads, and the numbers of
/// [lucid.nn.weights.WeightSource#random], rounded to the stored type.
public final class CheckpointInit {
    private static final int BLOCK = 4096;

    /// @param type          F32, F16 or BF16
    /// @param format        of the weight files
    /// @param layout        null: one file up to `maxShardBytes`, shards above, as transformers saves
    /// @param threads       that make numbers; change nothing but the time
    public record Options(long seed, StoredType type, WeightFormat format, Layout layout, long maxShardBytes, Initialization initialization,
            int threads) {
        public Options {
            Objects.requireNonNull(format, "format");
            Objects.requireNonNull(initialization, "initialization");
            if (type != StoredType.F32 && type != StoredType.F16 && type != StoredType.BF16)
                throw new IllegalArgumentException("init: found type " + type + ", wanted F32, F16 or BF16");
            if (maxShardBytes < 1) throw new IllegalArgumentException("init: found shards of " + maxShardBytes + " bytes, wanted at least 1");
            if (threads < 1) throw new IllegalArgumentException("init: found " + threads + " threads, wanted at least 1");
        }

        /// Safetensors.
        public Options(long seed, StoredType type, Layout layout, long maxShardBytes, Initialization initialization, int threads) {
            this(seed, type, WeightFormat.SAFETENSORS, layout, maxShardBytes, initialization, threads);
        }
    }

    /// @param bytes of the tensors
    /// @param files that the folder holds, by name
    public record Summary(int tensors, long parameters, long bytes, List<String> files) {}

    /// Writes more files into the folder before it appears (a tokenizer).
    @FunctionalInterface
    public interface More {
        void write(Path folder) throws IOException;
    }

    private final Options options;
    private final CheckpointConversion.Progress progress;
    private final long total;
    private long done;

    private CheckpointInit(Options options, CheckpointConversion.Progress progress, long total) {
        this.options = options;
        this.progress = progress;
        this.total = total;
    }

    /// Makes the folder `to`.
    ///
    /// @param progress told after every piece, by one thread at a time
    /// @param more     null: nothing
    public static Summary write(ModelTemplate template, Path to, Options options, CheckpointConversion.Progress progress, More more) {
        ModelOutline outline = ModelOutline.of(template.config());
        long total = Math.multiplyExact(outline.count(), (long) options.type.bytes());
        Layout layout = options.layout != null ? options.layout : total > options.maxShardBytes ? Layout.SHARDED : Layout.SINGLE;
        CheckpointWriter writer = new CheckpointWriter(to, options.format, layout, options.maxShardBytes, options.threads);
        CheckpointInit init = new CheckpointInit(options, progress, total);
        return NewFolder.make("init", to, total, folder -> {
            writer.writeWeights(folder, outline.parameters().stream().map(init::entry).toList());
            writer.writeConfig(template.config().where(), template.config().json(), options.type, folder);
            template.files().forEach((name, bytes) -> CheckpointWriter.writeBytes(folder.resolve(name), bytes));
            if (more != null) more.write(folder);
            try (Stream<Path> list = Files.list(folder)) {
                return new Summary(outline.parameters().size(), outline.count(), total, list.map(f -> f.getFileName().toString()).sorted().toList());
            }
        });
    }

    private NewTensor entry(Declaration d) {
        RandomValues values = RandomValues.of(options.seed, options.initialization, d);
        NewTensor.Source source = (from, count, chunk) -> {
            fill(values, from, count, chunk);
            report((long) count * options.type.bytes(), d.name());
        };
        return new NewTensor(d.name(), options.type, d.longShape(), source);
    }

    private synchronized void report(long bytes, String tensor) {
        done += bytes;
        progress.wrote(done, total, tensor);
    }

    private void fill(RandomValues values, long from, int count, ByteBuffer chunk) {
        try (Arena arena = Arena.ofConfined()) {
            long bytes = 4L * BLOCK;
            // The one kind of segment that all kernels see (see HostBuffer).
            MemorySegment block = MemorySegment.ofAddress(arena.allocate(bytes, 64).address()).reinterpret(bytes);
            for (int i = 0; i < count; i += BLOCK) {
                int n = Math.min(BLOCK, count - i);
                values.fill(from + i, n, block);
                put(block, n, chunk);
            }
        }
    }

    private void put(MemorySegment block, int n, ByteBuffer chunk) {
        for (int i = 0; i < n; i++) {
            float v = block.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            switch (options.type) {
                case F32 -> chunk.putFloat(v);
                case F16 -> chunk.putShort(Float.floatToFloat16(v));
                default -> chunk.putShort(ElementConversion.bf16(v));
            }
        }
    }
}
