package lucid.nn.generate;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.config.ModelKind;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.model.PackedFile;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.WeightSource;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// Has a large model's kernels compiled before the model needs them. HotSpot compiles a kernel when it has run for some ten thousand turns, and until
/// then a turn is a hundred times slower; a large tower's first block spends seconds in that state, one kernel after the other, while its threads
/// keep the compiler from the processors: some 4 s for the published model on two processors. So a model of the same kind, with heads of the same
/// width and few of everything else, looks at a frame and says a few words, on a thread and a device of its own, while the checkpoint is opened and
/// the clip is decoded.
///
/// ```java
/// try (Rehearsal rehearsal = Rehearsal.start(device, folder)) {
///     ...                        // open the checkpoint, decode the clip
///     rehearsal.awaitSeeing();   // the tower's kernels are compiled
/// ```
public final class Rehearsal implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Rehearsal.class.getName());
    /// Multiplications of a tower's block for one patch, from which on a rehearsal is worth its two seconds.
    private static final long LARGE = 4_000_000;
    /// Passes through the tower: in the second, what was compiled in the first is run, and where HotSpot guessed wrong it is compiled anew.
    static final int PASSES = 3;
    private static final int TOKENS = 512;
    static final int TURNS = 32;

    private final Thread thread;
    private final CountDownLatch seen = new CountDownLatch(1);
    private volatile boolean closed;
    /// What came of it, for those who test it.
    private volatile int passes;
    private volatile int turns;
    private volatile Throwable failure;

    private Rehearsal(TinyLlavaConfig config, boolean packed) {
        thread = Thread.ofPlatform().daemon().name("lucid-rehearsal").unstarted(() -> play(config, packed));
    }

    /// Starts the rehearsal of the model in `folder`, if it is a large one that sees and `device` is one whose kernels HotSpot compiles; otherwise
    /// there is nothing to do, or to await.
    public static Rehearsal start(Device device, Path folder) {
        Optional<TinyLlavaConfig> config = device instanceof SimdDevice ? large(folder) : Optional.empty();
        Rehearsal rehearsal = new Rehearsal(config.map(Rehearsal::small).orElse(null), Files.exists(folder.resolve(PackedFile.NAME)));
        config.ifPresentOrElse(_ -> rehearsal.thread.start(), rehearsal.seen::countDown);
        return rehearsal;
    }

    // A damaged configuration is reported by who opens the model.
    private static Optional<TinyLlavaConfig> large(Path folder) {
        try {
            if (ModelKind.read(folder) != ModelKind.TINYLLAVA) return Optional.empty();
            TinyLlavaConfig c = TinyLlavaConfig.read(folder);
            long h = c.vision().hiddenSize();
            return h * (4 * h + 2L * c.vision().intermediateSize()) >= LARGE ? Optional.of(c) : Optional.empty();
        } catch (RuntimeException e) {
            return Optional.empty();
        }
    }

    /// Two heads in the tower and one group of query heads in the decoder, of the widths of `c`; the picture has its size, as the number of keys
    /// decides how attention works.
    static TinyLlavaConfig small(TinyLlavaConfig c) {
        Qwen2Config t = c.text();
        SiglipVisionConfig v = c.vision();
        ResamplerConfig r = c.resampler();
        int vision = 2 * v.headDim();
        int text = 2 * t.headDim();
        Qwen2Config decoder = new Qwen2Config(TOKENS, text, 2 * text, 2, t.heads() / t.kvHeads(), 1, t.headDim(), t.rmsNormEps(), t.ropeTheta(),
                t.maxPositions(), t.tieWordEmbeddings(), t.initializerRange(), 0);
        SiglipVisionConfig tower = new SiglipVisionConfig(vision, 2 * vision, Math.max(1, -c.visionFeatureLayer()), 2, v.imageSize(), v.patchSize(),
                v.layerNormEps());
        ResamplerConfig connector = new ResamplerConfig(vision, text, r.group(), r.numQueries(), 1, r.heads(), r.headDim(), r.ffMult());
        return new TinyLlavaConfig(decoder, tower, connector, c.maxLength(), c.imageTokenIndex(), c.ignoreIndex(), c.visionFeatureLayer(),
                c.dropFirstPatch(), c.paddingSide(), 0);
    }

    private void play(TinyLlavaConfig config, boolean packed) {
        WeightSource narrow = WeightSource.random(0, Initialization.PUBLISHED).narrowed(DType.BF16);
        try (SimdDevice device = new SimdDevice(1); TinyLlavaVideo model = TinyLlavaVideo.of(new ParameterSet(device, narrow), config);
                Scope kept = Scope.open(device)) {
            // A tower's weights are packed for all its rows in any case.
            model.parameters().all().stream().filter(p -> packed || !p.name().startsWith(TinyLlavaVideo.DECODER)).map(Parameter::value)
                    .filter(w -> w.dtype() == DType.BF16).forEach(w -> pack(device, w.matrix()));
            Tensor features;
            do features = look(model, kept);
            while (passes < PASSES && !closed);
            seen.countDown();
            if (!closed) talk(model, features, kept);
        } catch (RuntimeException | OutOfMemoryError e) {
            // The model itself will find its kernels as they are, slower.
            failure = e;
            LOG.log(System.Logger.Level.DEBUG, "rehearsal", e);
        } finally {
            seen.countDown();
        }
    }

    private static void pack(Device device, Matrix w) {
        PackedOrder order = device.packedOrder().orElseThrow();
        Buffer packed = device.allocate(w.dtype(), order.length(w.rows(), w.cols()));
        order.pack(w, packed);
        order.use(w, packed);
    }

    private Tensor look(TinyLlavaVideo model, Scope scope) {
        int size = model.config().vision().imageSize();
        Tensor features = model.features(scope, Tensor.bytes(scope, new byte[size * size * 3], 1, size, size, 3));
        passes++;
        return features;
    }

    // The clip's rows, as a prompt, and then tokens one by one: while the large model looks at its clip.
    private void talk(TinyLlavaVideo model, Tensor features, Scope scope) {
        int[] clip = new int[model.visualTokens()];
        Arrays.setAll(clip, i -> ~i);
        try (var _ = Tape.noGrad(); Conversation talk = new Conversation(model.decoder(), clip.length + TURNS)) {
            talk.add(clip, model.visual(scope, features, RowGroups.single(features.shape().rows())), (_, _) -> {});
            for (; turns < TURNS && !closed; turns++) talk.add(new int[] {turns}, null, (_, _) -> {});
        }
    }

    /// Whether it is going on.
    boolean playing() { return thread.isAlive(); }

    /// Passes through the tower.
    int passes() { return passes; }

    /// Tokens that were said after the clip.
    int turns() { return turns; }

    /// What ended it before its end, or null.
    Throwable failure() { return failure; }

    /// Waits until the tower has been rehearsed; the rest goes on.
    public void awaitSeeing() {
        try {
            seen.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends the rehearsal after what it is doing.
    @Override public void close() { closed = true; }
}
