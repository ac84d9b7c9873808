package lucid.grpo.ask;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import lucid.grpo.console.Console;
import lucid.grpo.data.CompletionText;
import lucid.grpo.evaluation.Extraction;
import lucid.grpo.run.RunException;
import lucid.grpo.session.ModelFolder;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.Splice;
import lucid.nn.config.GenerationConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.generate.Completion;
import lucid.nn.generate.Conversation;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Rehearsal;
import lucid.nn.model.BlockListener;
import lucid.nn.model.Checkpoint;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.model.WeightOrder;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import lucid.tokenizer.StreamingDecoder;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.chat.Encoded;
import lucid.tokenizer.chat.Message;
import lucid.tokenizer.chat.PythonText;
import lucid.tokenizer.chat.Qwen2BaseTemplate;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.file.VideoReader;
import lucid.video.pixels.SiglipPixels;

/// A checkpoint with its tokenizer, and one conversation with it. A clip is looked at once ([#watch]); any number of questions follow ([#ask]), each
/// seeing the turns before it until [#forget]. A checkpoint without eyes continues a text ([#complete]).
public final class Assistant implements AutoCloseable {
    private final Device device;
    private final Checkpoint checkpoint;
    private final Tokenizer tokenizer;
    private final GenerationConfig generation;
    private final Console console;
    private final Rehearsal rehearsal;
    private Conversation talk;
    private int clipRows;
    private int turn;
    private boolean lastEnded;

    private Assistant(Device device, Checkpoint checkpoint, Tokenizer tokenizer, GenerationConfig generation, Console console, Rehearsal rehearsal) {
        this.device = device;
        this.checkpoint = checkpoint;
        this.tokenizer = tokenizer;
        this.generation = generation;
        this.console = console;
        this.rehearsal = rehearsal;
    }

    /// Opens a checkpoint's folder, or a run's (its newest checkpoint).
    ///
    /// @param order   which copy of the weights is read
    /// @param words   the tokenizer that the model was trained with
    /// @param console where progress goes
    /// @param rehearsal of this model, on its way; its end is awaited before the model looks at a clip
    public static Assistant open(Device device, Path model, WeightOrder order, Tokenizer words, Console console, Rehearsal rehearsal) {
        Path folder = ModelFolder.resolve(model);
        Checkpoint checkpoint = ModelFolder.open(device, folder, order, console);
        try {
            ModelFolder.requireFits(words, folder, checkpoint.decoder().config().vocabSize());
            return new Assistant(device, checkpoint, words, GenerationConfig.read(checkpoint.folder(),
                    words.eos() == null ? Set.of() : Set.of(words.eosId())), console, rehearsal);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    public Tokenizer tokenizer() { return tokenizer; }

    /// The model that answers; the assistant closes it.
    public Checkpoint checkpoint() { return checkpoint; }

    /// How the checkpoint's makers want it to answer; its end tokens, with the tokenizer's, end every answer.
    public GenerationConfig generation() { return generation; }

    /// Looks at a clip; what was said before is forgotten.
    ///
    /// @param frames which of its frames; null: one for each group of the resampler, evenly spread, as published
    public Seen watch(Path file, FrameSampling.Even frames) {
        TinyLlavaVideo model = checkpoint.video().orElseThrow(() -> new RunException(checkpoint.folder() + " is a text model, which sees no clips; "
                + "wanted a TinyLLaVA-Video model (or --prompt instead of --video)"));
        TinyLlavaConfig config = model.config();
        FrameSampling sampling = frames != null ? frames : new FrameSampling.Uniform(config.resampler().group());
        int size = config.vision().imageSize();
        Clock clock = new Clock();
        Frames clip = VideoReader.read(file, sampling, new SiglipPixels(size)::resize);
        double reading = clock.lap();
        int[] prefix = prefix();
        Conversation fresh = new Conversation(checkpoint.decoder(), Math.min(config.maxLength(), config.text().maxPositions()));
        boolean done = false;
        double vision;
        try (Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
            Tensor visual = visual(model, scope, clip);
            vision = clock.lap();
            int[] rows = Splice.splice(prefix, Encoded.IMAGE, model.visualTokens()).rows();
            add(fresh, rows, visual, "reading the clip");
            done = true;
        } finally {
            if (!done) fresh.close();
        }
        if (talk != null) talk.close();
        talk = fresh;
        clipRows = talk.length();
        turn = 0;
        return new Seen(clip.n(), clipRows, reading, vision, clock.lap());
    }

    private Tensor visual(TinyLlavaVideo model, Scope scope, Frames clip) {
        rehearsal.awaitSeeing();
        Tensor pixels = Tensor.bytes(scope, clip.rgb(), clip.n(), clip.height(), clip.width(), 3);
        try (Shown shown = new Shown("looking at " + clip.n() + " frames")) {
            Tensor features = model.features(scope, pixels, shown);
            return model.visual(scope, features, RowGroups.single(features.shape().rows()));
        }
    }

    /// Ids of the template up to the clip's placeholder; they do not depend on the question.
    private int[] prefix() {
        int[] ids = new Qwen2BaseTemplate(tokenizer).promptIds(Qwen2BaseTemplate.IMAGE_TAG + "?");
        return Arrays.copyOf(ids, 1 + place(ids, Encoded.IMAGE));
    }

    private static int place(int[] ids, int id) {
        return IntStream.range(0, ids.length).filter(i -> ids[i] == id).findFirst()
                .orElseThrow(() -> new IllegalStateException("prompt: no id " + id + " in the template's text"));
    }

    /// Asks about the clip.
    ///
    /// @param settings greedy or sampled
    /// @param out      hears the answer as it comes
    /// @param styled   whether the answer may hold ANSI escapes (a terminal)
    public Reply ask(Question question, GenerationSettings settings, Consumer<String> out, boolean styled) {
        if (talk == null) throw new IllegalStateException("ask: no clip was looked at; watch one first");
        int[] ids = rest(question.prompt());
        Reply reply = answer(ids, settings, new AnswerText(out, styled), PythonText::strip);
        boolean reasons = question.style() == Question.Style.REASON;
        Extraction found = reasons ? Extraction.ofReasoning(reply.text(), question.choices()) : Extraction.ofDirect(reply.text(), question.choices());
        return new Reply(reply.text(), Extraction.think(reply.text()), reasons ? Extraction.answer(reply.text()) : reply.text(), found.letter(),
                reply.ended(), reply.promptRows(), reply.newRows(), reply.newTokens(), reply.unknown(),
                reply.prefill(), reply.firstToken(), reply.perSecond());
    }

    /// Ids that follow the clip, or the turn before.
    private int[] rest(String user) {
        Qwen2BaseTemplate template = new Qwen2BaseTemplate(tokenizer);
        if (talk.length() == clipRows) {
            int[] ids = template.promptIds(Qwen2BaseTemplate.IMAGE_TAG + user);
            return Arrays.copyOfRange(ids, 1 + place(ids, Encoded.IMAGE), ids.length);
        }
        // In the first question the tag is the clip's place; further on it would be another clip's.
        if (user.contains(Qwen2BaseTemplate.IMAGE_TAG)) {
            throw new IllegalArgumentException("question: found " + Qwen2BaseTemplate.IMAGE_TAG
                    + ", the place of a clip, and the clip was shown before the first question;"
                    + " wanted a question without it");
        }
        int[] ids = template.promptIds(List.of(Message.human("?"), Message.assistant("."), Message.human(user), Message.assistant(null)));
        // The end token belongs to the answer before; one that ran out of length lacks it.
        return Arrays.copyOfRange(ids, place(ids, tokenizer.eosId()) + (lastEnded ? 1 : 0), ids.length);
    }

    /// Continues a text, without clip and without template: special tokens in it are what they are.
    ///
    /// @param ids of the text
    public Reply complete(int[] ids, GenerationSettings settings, Consumer<String> out) {
        if (ids.length == 0) throw new IllegalArgumentException("prompt: it is empty, wanted a text");
        if (talk != null) talk.close();
        talk = null;
        int most = checkpoint.decoder().config().maxPositions();
        if (ids.length >= most)
            throw new IllegalArgumentException("prompt: it has " + ids.length + " tokens; wanted fewer than max_position_embeddings " + most);
        talk = new Conversation(checkpoint.decoder(), (int) Math.min(most, (long) ids.length + settings.maxNewTokens()));
        return answer(ids, settings, AnswerText.continuation(out), UnaryOperator.identity());
    }

    private Reply answer(int[] ids, GenerationSettings settings, AnswerText text, UnaryOperator<String> ended) {
        if (ids.length >= talk.room()) {
            throw new IllegalArgumentException("the prompt has " + ids.length + " more tokens, and " + talk.room()
                    + " of the model's positions are left; wanted room for an answer as well");
        }
        Clock clock = new Clock();
        int before = talk.length();
        add(talk, ids, null, "reading the question");
        double prefill = clock.lap();
        Spoken spoken = new Spoken(tokenizer, text);
        int promptRows = talk.length();
        Completion c = talk.answer(settings.with(generation.endTokens()), turn++, (_, _, _, id, _) -> spoken.accept(id));
        // A stop string ends an answer without an end token.
        lastEnded = generation.endTokens().contains(c.ids()[c.length() - 1]);
        int[] known = CompletionText.known(tokenizer, c.ids());
        String whole = tokenizer.decode(known, true);
        spoken.finish(whole);
        return new Reply(ended.apply(whole), null, null, null, c.ended(), promptRows, promptRows - before, c.length(), c.length() - known.length,
                prefill, prefill + spoken.first, c.length() < 2 ? 0 : (c.length() - 1) / spoken.after());
    }

    private void add(Conversation to, int[] rows, Tensor visual, String what) {
        try (Shown shown = new Shown(what)) {
            to.add(rows, visual, shown);
        }
    }

    /// Forgets what was said about the clip, not the clip.
    public void forget() {
        if (talk != null) talk.rewind(clipRows);
        turn = 0;
    }

    /// Positions that are left for questions and answers.
    public int room() { return talk == null ? 0 : talk.room(); }

    @Override public void close() {
        rehearsal.close();
        if (talk != null) talk.close();
        checkpoint.close();
    }

    /// Tokens on their way to the reader, with their times.
    private static final class Spoken {
        private final Tokenizer tokenizer;
        private final StreamingDecoder decoder;
        private final AnswerText text;
        private final long start = System.nanoTime();
        private double first = -1;
        private double last;
        private long listening;
        private int shown;

        Spoken(Tokenizer tokenizer, AnswerText text) {
            this.tokenizer = tokenizer;
            this.decoder = tokenizer.stream(true);
            this.text = text;
        }

        void accept(int id) {
            last = (System.nanoTime() - start - listening) / 1e9;
            if (first < 0) first = last;
            if (id >= tokenizer.vocabSize()) return;
            String piece = decoder.accept(id);
            shown += piece.length();
            long told = System.nanoTime();
            text.accept(piece);
            listening += System.nanoTime() - told;
        }

        /// Half a character at the end is shown as the whole text has it.
        void finish(String whole) {
            text.accept(whole.substring(shown));
            text.finish();
        }

        double after() { return Math.max(1e-9, last - first); }
    }

    /// A bar that is as long as the first call says.
    private final class Shown implements BlockListener, AutoCloseable {
        private final String what;
        private Console.Bar bar;

        Shown(String what) { this.what = what; }

        @Override public void done(int done, int all) {
            if (bar == null) bar = console.bar(what, all).from(done).patient();
            bar.update(done);
        }

        @Override public void close() {
            if (bar != null) bar.close();
        }
    }

    private static final class Clock {
        private long at = System.nanoTime();

        double lap() {
            long now = System.nanoTime();
            double seconds = (now - at) / 1e9;
            at = now;
            return seconds;
        }
    }
}
