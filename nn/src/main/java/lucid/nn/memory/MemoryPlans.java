package lucid.nn.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import lucid.nn.checkpoint.ModelOutline;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.lora.LoraSpec;
import lucid.nn.memory.MemoryPlan.Item;
import lucid.nn.memory.MemoryPlan.Phase;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Declaration;
import lucid.nn.weights.Role;

/// Plans of what Lucid does on a kind of device. Weights that train, gradients, moments, activations, keys and values are f32 (4 bytes);
/// weights that only answer stay as they are stored: on a CPU in the mapped file or packed in place of its pages, on a GPU in a copy. A GPU's kernels
/// are the exact ones; those for tensor cores keep copies of their factors as well, which give way where memory is short.
public final class MemoryPlans {
    /// Text of the published prompts in tokens: at most 131 (measured on the 5,496 training questions).
    public static final int PROMPT_TOKENS = 131;
    /// A supervised answer: the published chains of thought have at most 163.
    public static final int ANSWER_TOKENS = 163;
    /// Java itself: its heap in use, compiled code, thread stacks.
    static final long JAVA = 300_000_000;
    /// Log-probabilities on a GPU go through the head's logits in chunks of so many.
    private static final long LOGITS_AT_ONCE = 1 << 25;

    /// One question about one clip.
    ///
    /// @param storedBytes of a number in the weight files: 2 or 4
    public record Answering(int frames, int promptTokens, int newTokens, int storedBytes) {}

    /// Questions answered together by a model that is held in f32, as it is between the stages of a recipe.
    public record Evaluating(int prompts, int frames, int promptTokens, int newTokens) {
        /// The same with other numbers of questions.
        public Evaluating of(int questions) { return new Evaluating(questions, frames, promptTokens, newTokens); }
    }

    /// What is trained.
    ///
    /// @param names       parameters of the model; nobody asks for them with an adapter
    /// @param adapter     beside a model that stays mapped; null: the model itself, all of it held in f32
    /// @param storedBytes with an adapter: of a number in the weight files
    public record Trained(Predicate<String> names, LoraSpec adapter, int storedBytes) {
        public static Trained model(Predicate<String> names) { return new Trained(names, null, 4); }
    }

    /// One supervised step.
    ///
    /// @param samples    clips, each with one text
    /// @param microBatch samples that go through forward and backward together
    /// @param tokens     of a text, question and answer
    /// @param recompute  keep the blocks' inputs only, and compute them again in the backward
    public record Supervised(int samples, int microBatch, int frames, int tokens, Trained trained, boolean recompute) {}

    /// One step of GRPO.
    ///
    /// @param microBatch prompts whose groups go through forward and backward together
    /// @param reference  whether there is a frozen copy for the KL
    public record Grpo(int prompts, int completions, int newTokens, int microBatch, int frames, int promptTokens, Trained trained, boolean reference,
                       boolean recompute) {}

    // Patch rows of clips that go through tower and connector together when nothing is trained there.
    private static final int CLIP_ROWS = 1 << 14;

    /// Clips that go through tower and connector together when nothing is trained there.
    public static int clipsTogether(int clips, int rowsEach) { return Math.min(clips, Math.max(1, CLIP_ROWS / Math.max(1, rowsEach))); }

    private final ModelOutline outline;
    private final DeviceKind device;
    /// Null: a vision tower alone.
    private final Qwen2Config text;
    /// Null: text or tower alone.
    private final TinyLlavaConfig video;
    /// Null: text alone.
    private final SiglipVisionConfig tower;

    public MemoryPlans(ModelOutline outline, DeviceKind device) {
        this.outline = outline;
        this.device = device;
        video = outline.architecture() instanceof ModelOutline.Video(var c) ? c : null;
        text = outline.architecture() instanceof ModelOutline.Text(var c) ? c : video != null ? video.text() : null;
        tower = outline.architecture() instanceof ModelOutline.Vision(var c) ? c : video != null ? video.vision() : null;
    }

    /// Whether the model sees clips, so that it can be trained by recipes.
    public boolean sees() { return video != null; }

    /// A vision tower alone: hidden states of one clip's frames, and their pooled rows.
    ///
    /// @param storedBytes of a number in the weight files: 2 or 4
    public MemoryPlan embedding(int frames, int storedBytes) {
        if (text != null) throw new IllegalArgumentException("memory plan: embedding is a vision tower's alone");
        List<Item> always = new ArrayList<>();
        stored(always, storedBytes);
        always.add(java());
        long rows = (long) frames * tower.patches();
        Item pooling = item("norm, keys and values of the pooling head", 4 * rows * 3 * tower.hiddenSize(), "%,d patches x 3 x %,d numbers", rows,
                tower.hiddenSize());
        return plan(title("embedding", frames + " frames", "hidden states and pooled rows"), always,
                List.of(new Phase("seeing", vision(1, frames)), new Phase("pooling", List.of(features(1, frames), pooling))));
    }

    private MemoryPlan plan(String work, List<Item> always, List<Phase> phases) {
        MemoryPlan one = new MemoryPlan(work, always, phases);
        return device == DeviceKind.CPU ? one : one.apart();
    }

    /// Asking the model.
    public MemoryPlan answering(Answering a) {
        requireText();
        int capacity = Math.min(video != null ? video.maxLength() : Integer.MAX_VALUE, text.maxPositions());
        if (video == null) capacity = Math.min(capacity, a.promptTokens + a.newTokens);
        int rows = (video != null ? video.resampler().tokens() : 0) + a.promptTokens;
        List<Item> always = new ArrayList<>();
        stored(always, a.storedBytes);
        always.add(item("keys and values", 4 * Footprint.cache(text) * capacity, "%,d positions x %,d numbers", capacity, Footprint.cache(text)));
        always.add(java());
        List<Phase> phases = new ArrayList<>();
        if (video != null) {
            phases.add(new Phase("seeing", vision(1, a.frames)));
            phases.add(new Phase("connecting", List.of(features(1, a.frames), connector(1, a.frames, 1))));
        }
        phases.add(new Phase("reading", List.of(forward(rows, null))));
        phases.add(new Phase("answering", logits(1)));
        return plan(title("answering", video == null ? "" : a.frames + " frames, ", a.promptTokens + " tokens of question",
                a.newTokens + " new tokens"), always, phases);
    }

    /// Asking the model many questions at once.
    public MemoryPlan evaluating(Evaluating e) {
        requireVideo();
        return plan(title("evaluation", together(e, "") + ", ", e.newTokens + " new tokens", e.frames + " frames"), List.of(weights(), java()),
                asking(e, "", "drawing completions", null));
    }

    /// Training with held-out questions in between and at the end, asked beside all that the training holds. Once a stage is done its moments and its
    /// reference are gone: this is the need of questions in between.
    ///
    /// @param training of what is trained, by [#supervised] or [#grpo]
    public MemoryPlan withEvaluation(MemoryPlan training, Evaluating e, Trained trained) {
        requireVideo();
        List<Phase> phases = new ArrayList<>(training.phases());
        phases.addAll(asking(e, " held-out clips", "answering " + together(e, "held-out "), trained.adapter));
        List<Item> always = new ArrayList<>(training.always());
        always.addAll(training.beside());
        return plan(training.work(), always, phases);
    }

    private static String together(Evaluating e, String which) {
        return e.prompts == 1 ? "1 " + which + "question at a time" : e.prompts + " " + which + "questions together";
    }

    private List<Phase> asking(Evaluating e, String what, String answering, LoraSpec adapter) {
        int side = video.vision().imageSize();
        long some = (long) clipsTogether(e.prompts, e.frames * tower.patches()) * e.frames;
        Item features = features(e.prompts, e.frames);
        List<Item> seeing = new ArrayList<>(vision(e.prompts, e.frames));
        seeing.add(onHeap("the clips", 3 * some * side * side, "%,d frames of %d x %d, one byte a colour", some, side, side));
        return List.of(new Phase("seeing" + what, seeing), new Phase("connecting" + what, connecting(features, e.prompts, e.frames).items()),
                new Phase(answering, drawing(e.prompts, 1, e.frames, e.promptTokens, e.newTokens, adapter).items()));
    }

    /// Training on given text.
    public MemoryPlan supervised(Supervised s) {
        requireText();
        List<Item> always = training(s.trained, false);
        // Samples that wait for their turn lie on no device.
        int together = Math.min(s.microBatch, s.samples);
        long rows = (long) together * (visual() + s.tokens);
        List<Phase> phases = new ArrayList<>();
        List<Item> learning = new ArrayList<>();
        if (video != null) {
            boolean eyes = s.trained.adapter == null && outline.parameters().stream()
                    .anyMatch(p -> !p.name().startsWith(TinyLlavaVideo.DECODER) && s.trained.names.test(p.name()));
            phases.add(new Phase("seeing", vision(together, s.frames)));
            learning.add(features(together, s.frames));
            learning.add(connector(eyes ? together : clipsTogether(together, s.frames * video.tokensPerFrame()), s.frames));
            if (towerTrains(s.trained)) learning.add(towerActivations(together, s.frames));
        }
        learning.addAll(forwardAndBackward(rows, s.trained.adapter, s.recompute));
        phases.add(new Phase("learning", learning));
        phases.add(updating(s.trained));
        return plan(title("sft", s.samples + " samples a step" + (video == null ? ", " : " of " + s.frames + " frames, "),
                s.tokens + " tokens each, ", "micro-batch " + together, kept(s.recompute)), always, phases);
    }

    /// Training from rewards.
    public MemoryPlan grpo(Grpo g) {
        requireText();
        List<Item> always = training(g.trained, g.reference);
        int together = Math.min(g.microBatch, g.prompts);
        long rows = (long) together * (visual() + g.promptTokens + (long) g.completions * g.newTokens);
        List<Phase> phases = new ArrayList<>();
        List<Item> scoring = new ArrayList<>();
        List<Item> learning = new ArrayList<>();
        if (video != null) {
            Item features = features(g.prompts, g.frames);
            int connected = clipsTogether(g.prompts, g.frames * video.tokensPerFrame());
            phases.add(new Phase("seeing", vision(g.prompts, g.frames)));
            phases.add(connecting(features, g.prompts, g.frames));
            scoring.addAll(List.of(features, connector(Math.min(together, connected), g.frames, 0)));
            learning.addAll(List.of(features, connector(together, g.frames)));
        }
        phases.add(drawing(g.prompts, g.completions, g.frames, g.promptTokens, g.newTokens, g.trained.adapter));
        scoring.add(orChunk(rows, forward(rows, g.trained.adapter)));
        learning.addAll(forwardAndBackward(rows, g.trained.adapter, g.recompute));
        if (g.reference) phases.add(new Phase("scoring", scoring));
        phases.add(new Phase("learning", learning));
        phases.add(updating(g.trained));
        return plan(title("grpo", g.prompts + " prompts x " + g.completions + " completions a step, ", g.newTokens + " new tokens, "
                + (video == null ? "" : g.frames + " frames, ") + "micro-batch " + together,
                kept(g.recompute)), always, phases);
    }

    private static String kept(boolean recompute) { return recompute ? "blocks computed again" : "all activations kept"; }

    /// Rows that a clip becomes.
    private int visual() { return video == null ? 0 : video.resampler().tokens(); }

    private Phase connecting(Item features, int clips, int frames) {
        return new Phase("connecting", List.of(features, connector(clipsTogether(clips, frames * video.tokensPerFrame()), frames, 1)));
    }

    private Phase drawing(int prompts, int completions, int frames, int promptTokens, int newTokens, LoraSpec adapter) {
        long rows = (long) prompts * (visual() + promptTokens);
        long slots = (long) prompts * completions;
        List<Item> items = new ArrayList<>();
        if (video != null)
            items.addAll(List.of(features(prompts, frames), connector(clipsTogether(prompts, frames * video.tokensPerFrame()), frames, 0)));
        items.add(item("keys and values", 4 * Footprint.cache(text) * (rows + slots * (newTokens - 1)),
                "(%,d prompt rows + %,d completions x %,d) x %,d numbers", rows, slots, newTokens - 1, Footprint.cache(text)));
        items.add(forward(rows, adapter));
        items.addAll(logits(slots));
        return new Phase("drawing completions", items);
    }

    /// On a GPU their weights under the sampling rule lie beside them; nucleus sampling sorts, and takes five times as much again.
    private List<Item> logits(long slots) {
        Item logits = item("logits", 4L * slots * text.vocabSize(), (slots == 1 ? "" : String.format(Locale.ROOT, "%,d completions x ", slots))
                + "%,d tokens", text.vocabSize());
        return device == DeviceKind.CPU ? List.of(logits) : List.of(logits,
                item("what is drawn from", 4L * slots * text.vocabSize(), "a weight for each logit; with top-p six"));
    }

    private void requireText() {
        if (text == null)
            throw new IllegalArgumentException("memory plan: a vision tower alone neither answers nor learns; wanted a tinyllava or qwen2 model");
    }

    private void requireVideo() {
        if (video == null) throw new IllegalArgumentException("memory plan: recipes train models that see clips, found another model");
    }

    private static String title(String work, String... settings) {
        return work + " (" + String.join("", List.of(settings).subList(0, settings.length - 1)) + ", " + settings[settings.length - 1] + ")";
    }

    private static Item item(String what, long bytes, String how, Object... numbers) {
        return new Item(what, bytes, String.format(Locale.ROOT, how, numbers), false);
    }

    private static Item onHeap(String what, long bytes, String how, Object... numbers) {
        return new Item(what, bytes, String.format(Locale.ROOT, how + ", on Java's heap", numbers), true);
    }

    private static Item java() { return new Item("Java itself", JAVA, "heap, code, stacks", true); }

    private List<Item> training(Trained trained, boolean reference) {
        long n = trained.adapter != null ? Footprint.adapter(text, trained.adapter) : outline.count(trained.names);
        List<Item> out = new ArrayList<>();
        if (trained.adapter != null) {
            stored(out, trained.storedBytes);
            out.add(item("adapter", 4 * n, "%,d numbers in f32", n));
            if (reference) out.add(item("reference", 4 * n, "a frozen copy of the adapter, for the KL"));
        } else {
            out.add(weights());
            if (reference) out.add(item("reference", 4 * outline.count(), "a frozen copy, for the KL"));
        }
        out.add(item("gradients", 4 * n, "%,d trained numbers", n));
        if (tied(trained)) out.add(item("the head's gradient", 4 * table(), "a tied table has one gradient for each of its two uses"));
        out.add(item("moments", 8 * n, "two for each trained number"));
        out.add(java());
        return out;
    }

    private Item weights() { return item("weights", 4 * outline.count(), "%,d numbers in f32", outline.count()); }

    // Weights as they are stored, and what kernels want wider.
    private void stored(List<Item> out, int storedBytes) {
        long widened = storedBytes == 4 ? 0 : outline.parameters().stream().filter(p -> !p.role().mayStayNarrow())
                .mapToLong(Declaration::elements).sum();
        if (device == DeviceKind.CPU) {
            out.add(item("weights, mapped", outline.count() * storedBytes,
                    "%,d numbers of %d bytes; where they are packed, in place of the mapped pages", outline.count(), storedBytes));
        } else {
            long copied = outline.count() - widened;
            out.add(item("weights, copied", copied * storedBytes, "%,d numbers of %d bytes; a GPU cannot read the mapped file", copied, storedBytes));
        }
        out.add(item("biases, norms, positions", 4 * widened, "%,d numbers in f32", widened));
    }

    private boolean tied(Trained trained) {
        boolean table = outline.parameters().stream().anyMatch(p -> p.role() == Role.EMBEDDING && trained.names.test(p.name()));
        return trained.adapter == null && text.tieWordEmbeddings() && table;
    }

    private long table() { return (long) text.vocabSize() * text.hiddenSize(); }

    private Phase updating(Trained trained) {
        return new Phase("updating", tied(trained) ? List.of(item("the two gradients added", 4 * table(), "a third of that size, for a moment"))
                : List.of());
    }

    private boolean towerTrains(Trained trained) {
        return trained.adapter == null && outline.parameters().stream()
                .anyMatch(p -> p.name().startsWith(TinyLlavaVideo.VISION) && trained.names.test(p.name()));
    }

    private Item towerActivations(int clips, int frames) {
        long rows = (long) clips * frames * tower.patches();
        return item("the tower's activations", 4 * rows * tower.layers() * Footprint.visionBlock(tower), "%,d patches x %d layers x %,d numbers",
                rows, tower.layers(), Footprint.visionBlock(tower));
    }

    // Clips pass through the tower some at a time; the features of those that have passed lie beside.
    private List<Item> vision(int clips, int frames) {
        int some = clipsTogether(clips, frames * tower.patches());
        long rows = (long) some * frames * tower.patches();
        List<Item> out = new ArrayList<>();
        out.add(item("frames", 3L * some * frames * tower.imageSize() * tower.imageSize(), "%,d of %d x %d, one byte a colour", (long) some * frames,
                tower.imageSize(), tower.imageSize()));
        long each = Footprint.visionBlock(tower) - Footprint.visionSpared(tower) + 2L * tower.hiddenSize();
        out.add(item("a block of the tower", 4 * rows * each, "%,d patches x %,d numbers", rows, each));
        if (some < clips) out.add(features(clips, frames));
        return out;
    }

    private Item features(int clips, int frames) {
        boolean some = clipsTogether(clips, frames * tower.patches()) < clips;
        long rows = (long) clips * frames * tower.patches();
        if (some) return item("features", 4 * rows * tower.hiddenSize(), "%,d patches x %,d numbers", rows, tower.hiddenSize());
        return item("features", 4 * 3L * rows * tower.hiddenSize() + 3L * clips * frames * tower.imageSize() * tower.imageSize(),
                "%,d patches x 3 x %,d numbers, and the frames", rows, tower.hiddenSize());
    }

    /// The connector with all layers kept for a backward.
    private Item connector(int clips, int frames) { return connector(clips, frames, video.resampler().layers(), true); }

    private Item connector(int clips, int frames, int layers) { return connector(clips, frames, layers, false); }

    private Item connector(int clips, int frames, int layers, boolean recorded) {
        var r = video.resampler();
        long patches = (long) clips * frames * video.tokensPerFrame();
        long latents = (long) clips * r.tokens();
        return item("the connector", 4 * (patches * Footprint.connectorPatch(r, layers) + latents * Footprint.connectorLatent(r, layers, recorded)),
                "%,d patches x %,d + %,d latents x %,d numbers", patches, Footprint.connectorPatch(r, layers), latents,
                Footprint.connectorLatent(r, layers, recorded));
    }

    private long block(LoraSpec adapter) { return Footprint.decoderBlock(text) + (adapter == null ? 0 : Footprint.adapterBlock(text, adapter)); }

    private Item forward(long rows, LoraSpec adapter) {
        long each = block(adapter) - Footprint.decoderSpared(text, adapter) + 2L * text.hiddenSize();
        return item("a block of the decoder", 4 * rows * each, "%,d rows x %,d numbers", rows, each);
    }

    private List<Item> forwardAndBackward(long rows, LoraSpec adapter, boolean recompute) {
        long block = block(adapter);
        long layers = text.layers();
        long kept = recompute ? layers * text.hiddenSize() + block : layers * block;
        return List.of(item("activations", 4 * rows * (kept + 2L * text.hiddenSize()),
                recompute ? "%,d rows x (%d layers x %,d + one block)" : "%,d rows x %d layers x %,d numbers", rows, layers,
                recompute ? text.hiddenSize() : block),
                orChunk(rows, item("gradients of activations", 4 * rows * Footprint.decoderBackward(text), "%,d rows x %,d numbers", rows,
                        Footprint.decoderBackward(text))));
    }

    /// What log-probabilities take on a GPU beside their rows, where it is more than what follows or goes before. A CPU's threads keep theirs in the
    /// cache.
    private Item orChunk(long rows, Item other) {
        long numbers = Math.min(rows * text.vocabSize(), Math.max(LOGITS_AT_ONCE, 64 * rows));
        return device == DeviceKind.CPU || 4 * numbers <= other.bytes() ? other
                : item("a chunk of logits", 4 * numbers, "%,d numbers at a time", numbers);
    }
}
