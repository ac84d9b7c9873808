package lucid.grpo.evaluation;

import java.util.Arrays;
import java.util.List;
import lucid.grpo.data.CompletionText;
import lucid.grpo.data.Example;
import lucid.grpo.data.PromptTemplate;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.math.Philox;
import lucid.nn.batch.Splice;
import lucid.nn.config.GenerationConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.generate.Completion;
import lucid.nn.generate.Conversation;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.StopStrings;
import lucid.nn.generate.processor.LogitsProcessors;
import lucid.nn.model.TinyLlavaVideo;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import lucid.tokenizer.Tokenizer;
import lucid.video.Frames;
import lucid.video.benchmark.BenchmarkQuestion;

/// Asks a model, one question at a time; a clip that several questions in a row are about is looked at once, and its keys and values are kept. By the
/// row law an answer does not depend on what else was asked, so a resumed evaluation gives the answers of one that was never stopped.
public final class ModelAsker implements Asker, AutoCloseable {
    private static final int PURPOSE = 0x42454E43;

    private final TinyLlavaVideo model;
    private final Device device;
    private final Tokenizer tokenizer;
    private final PromptTemplate template;
    private final GenerationConfig generation;
    private final int capacity;
    private Conversation talk;
    private Frames seen;
    private int clipRows;

    /// @param generation the checkpoint's: end tokens besides the tokenizer's, penalties and masks, stop strings; whether answers are sampled is the
    /// protocol's
    public ModelAsker(TinyLlavaVideo model, Tokenizer tokenizer, GenerationConfig generation) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.generation = generation;
        device = model.parameters().device();
        template = new PromptTemplate(tokenizer);
        capacity = capacity(model.config());
    }

    private static int capacity(TinyLlavaConfig config) { return Math.min(config.maxLength(), config.text().maxPositions()); }

    /// Refuses questions that leave no room for an answer, before hours of others are asked: no `--resume` would come past one.
    ///
    /// @throws IllegalArgumentException naming the longest
    public static void requireRoom(List<BenchmarkQuestion> questions, TinyLlavaConfig config, Tokenizer tokenizer, Protocol protocol) {
        PromptTemplate template = new PromptTemplate(tokenizer);
        int room = capacity(config) - 1;
        int longer = 0;
        int most = room;
        BenchmarkQuestion longest = null;
        for (BenchmarkQuestion q : questions) {
            // The clip's rows stand in the place of one token.
            int taken = template.prompt(protocol.user(q.problem())).length - 1 + config.resampler().tokens();
            if (taken > room) longer++;
            if (taken > most) longest = q;
            most = Math.max(most, taken);
        }
        if (longest == null) return;
        throw new IllegalArgumentException("question " + longest.id() + " takes " + most + " positions with its clip, wanted at most " + room
                + " of the model's (max_position_embeddings " + config.text().maxPositions() + ", tokenizer_model_max_length " + config.maxLength()
                + "), one left for an answer" + (longer == 1 ? "" : "; " + longer + " questions are too long")
                        + "; shorten it in the annotations, or leave it out of them");
    }

    @Override public Reply ask(int number, String user, Frames frames, Protocol protocol) {
        int[] prompt = template.prompt(user);
        int clip = clipEnd(prompt);
        if (seen == null || seen.n() != frames.n() || !Arrays.equals(seen.rgb(), frames.rgb())) look(frames, Arrays.copyOf(prompt, clip));
        talk.rewind(clipRows);
        int[] rest = Arrays.copyOfRange(prompt, clip, prompt.length);
        if (rest.length >= talk.room()) {
            throw new IllegalArgumentException("question " + number + " has " + rest.length + " tokens after its clip, and " + talk.room()
                    + " positions are left of tokenizer_model_max_length "
                    + model.config().maxLength() + "; wanted room for an answer as well");
        }
        talk.add(rest, null, (_, _) -> {});
        GenerationSettings settings = new GenerationSettings(protocol.rule(), protocol.maxNewTokens(), tokenizer.eosId(), 1f,
                Philox.key(protocol.seed(), PURPOSE), number)
                .with(generation.endTokens()).with(new LogitsProcessors(generation.processors(!protocol.rule().greedy())))
                        .with(new StopStrings(generation.stops(), tokenizer::bytes));
        Completion c = talk.answer(settings, 0, null);
        return new Reply(CompletionText.of(tokenizer, c.ids()), c.length(), c.ended());
    }

    // Up to and with the clip's placeholder: the same for every question.
    private static int clipEnd(int[] prompt) {
        int n = 0;
        while (prompt[n] != Example.PLACEHOLDER) n++;
        return n + 1;
    }

    private void look(Frames frames, int[] opening) {
        seen = null;
        close();
        talk = new Conversation(model.decoder(), capacity);
        try (Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
            Tensor features = model.features(scope, Tensor.bytes(scope, frames.rgb(), frames.n(), frames.height(), frames.width(), 3));
            Tensor visual = model.visual(scope, features, RowGroups.single(features.shape().rows()));
            talk.add(Splice.splice(opening, Example.PLACEHOLDER, model.visualTokens()).rows(), visual, (_, _) -> {});
        }
        clipRows = talk.length();
        seen = frames;
    }

    @Override public void close() {
        if (talk != null) talk.close();
        talk = null;
    }
}
