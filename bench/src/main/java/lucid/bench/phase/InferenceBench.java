package lucid.bench.phase;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import lucid.bench.probe.Limit;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.simd.work.Workers;
import lucid.nn.config.Qwen2Config;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFiles;
import lucid.nn.generate.Completion;
import lucid.nn.generate.Conversation;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.model.Checkpoint;
import lucid.nn.model.PackedFile;
import lucid.nn.model.Qwen2;
import lucid.nn.model.ScoredRows;
import lucid.nn.model.WeightOrder;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.ParameterSet;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.BenchmarkParams;

/// Asking a decoder of middle size (5 layers as Qwen2.5-1.5B has them, a vocabulary of 32,000, 283 million parameters) from its mapped
/// file, in the layouts of `lucid generate --weights`: a prompt of 600 rows, and 8 tokens behind it. Every token reads all weights once, so the limit
/// of decoding is a read loop over the same mapped bytes.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class InferenceBench {
    private static final int THREADS = Integer.getInteger("lucid.bench.threads", Runtime.getRuntime().availableProcessors());
    private static final int PROMPT = 600;
    private static final int NEW_TOKENS = 8;
    static final Qwen2Config CONFIG = new Qwen2Config(32_000, 1536, 8960, 5, 12, 2, 128, 1e-6f, 1e6, 4096, true, 0.02, -1);

    @Param({"BF16", "F32"}) public StoredType weights;
    @Param({"packed", "ready", "mapped"}) public String layout;

    private Path folder;
    private Arena arena;
    private MemorySegment mapped;
    private Device device;
    private Workers workers;
    private Checkpoint checkpoint;
    private Conversation talk;
    private int[] ids;

    @Setup(Level.Trial) public void open() throws IOException {
        folder = Files.createTempDirectory("lucid-bench");
        device = new SimdDevice(THREADS);
        workers = new Workers(THREADS);
        Path file = folder.resolve(WeightFiles.SINGLE);
        Files.writeString(folder.resolve("config.json"), CONFIG.toJson().toString());
        try (Device writing = new SimdDevice(THREADS); ParameterSet random = Qwen2.random(writing, CONFIG, 1, Initialization.PUBLISHED)
                .parameters()) {
            random.save(file, weights);
        }
        if (layout.equals("ready")) PackedFile.write(device, folder, (_, _) -> {});
        checkpoint = Checkpoint.open(device, folder, null, WeightOrder.valueOf(layout.toUpperCase(Locale.ROOT)));
        talk = new Conversation(checkpoint.decoder(), PROMPT + NEW_TOKENS + 1);
        ids = new Random(1).ints(PROMPT, 0, CONFIG.vocabSize()).toArray();
        talk.add(ids, null, (_, _) -> {});
        arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(layout.equals("ready") ? folder.resolve(PackedFile.NAME) : file)) {
            MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            mapped = MemorySegment.ofAddress(all.address()).reinterpret(all.byteSize());
        }
    }

    @Setup(Level.Iteration) public void probe(Limit limit, BenchmarkParams params) {
        if (params.getBenchmark().endsWith("decode")) limit.memory(workers, List.of(mapped), (double) NEW_TOKENS * checkpoint.bytes());
        else limit.arithmetic(workers, prefillWork().forward());
    }

    private static ModelWork prefillWork() {
        List<Span> spans = List.of(Span.causal(0, PROMPT));
        return ModelWork.decoder(CONFIG, PROMPT, spans, ScoredRows.of(spans, RowGroups.single(PROMPT), PROMPT - 1), 0);
    }

    @TearDown(Level.Trial) public void close() {
        talk.close();
        checkpoint.close();
        workers.close();
        device.close();
        arena.close();
        for (String name : List.of(WeightFiles.SINGLE, PackedFile.NAME, "config.json", "")) delete(folder.resolve(name));
    }

    private static void delete(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException("bench: " + path + " cannot be deleted", e);
        }
    }

    /// 600 rows, the last one's logits not counted.
    @Benchmark public int prefill() {
        talk.rewind(0);
        talk.add(ids, null, (_, _) -> {});
        return talk.length();
    }

    /// Eight passes over the weights: the row that follows the prompt, and every new token but the last.
    @Benchmark public Completion decode() {
        talk.rewind(PROMPT);
        talk.add(new int[] {ids[0]}, null, (_, _) -> {});
        return talk.answer(GenerationSettings.greedy(NEW_TOKENS, -1), 0, null);
    }
}
