package lucid.grpo.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import lucid.grpo.data.CompletionText;
import lucid.grpo.data.Control;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.data.Visual;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.grpo.reward.Reward;
import lucid.grpo.reward.TinyLlavaVideoR1Reward;
import lucid.kernels.contract.Sampling;
import lucid.kernels.math.Philox;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tokenizer.Tokenizer;

/// Asks held-out questions and counts right answers: greedily, or sampled. A missing or malformed answer is wrong; nothing is guessed in its place.
public final class Evaluator {
    /// Questions that are answered together, at most (see [Policy#questionsTogether]).
    public static final int BATCH = 128;
    private static final int PURPOSE = 0x4556414C;

    private final Policy policy;
    private final TrainingData data;
    private final Tokenizer tokenizer;
    private final Recipe.EvaluationSpec spec;

    /// @param spec longest answers, and how those that reason are drawn
    public Evaluator(Policy policy, TrainingData data, Tokenizer tokenizer, Recipe.EvaluationSpec spec) {
        this.policy = policy;
        this.data = data;
        this.tokenizer = tokenizer;
        this.spec = spec;
    }

    /// How held-out questions are asked after a stage, and under the controls where it is the last: the base phase has taught direct answers only.
    public static TrainingData.Mode mode(Stage stage) {
        return stage.phase().equals("base") ? TrainingData.Mode.DIRECT : TrainingData.Mode.REASONING;
    }

    /// How the recipe wants answers drawn: reasoning is sampled where it names how, a letter alone never is.
    public Sampling.Rule rule(TrainingData.Mode mode) { return mode == TrainingData.Mode.DIRECT ? Sampling.Rule.GREEDY : spec.rule(); }

    /// With the recipe's rule, and until the end is asked for.
    ///
    /// @param stop asked before every batch of questions
    /// @return empty: it was stopped; half an evaluation is none
    public Optional<Evaluation> run(TrainingData.Mode mode, int questions, Control control, long seed, BooleanSupplier stop, LongConsumer progress) {
        Evaluation asked = run(mode, questions, control, rule(mode), seed, stop, progress);
        return asked.questions() == data.heldOut(questions, mode).size() ? Optional.of(asked) : Optional.empty();
    }

    /// @param questions how many held-out questions (0: all)
    /// @param rule      greedy, or how to sample
    /// @param stop      asked before every batch of questions: whether no more are wanted
    /// @param progress  hears how many are done
    /// @return of the questions that were asked: the first of them, if it was stopped
    public Evaluation run(TrainingData.Mode mode, int questions, Control control, Sampling.Rule rule, long seed, BooleanSupplier stop,
            LongConsumer progress) {
        List<Prompt> prompts = data.heldOut(questions, mode);
        Tally tally = new Tally();
        int together = policy.questionsTogether();
        for (int from = 0; from < prompts.size() && !stop.getAsBoolean(); from += together) {
            List<Prompt> some = prompts.subList(from, Math.min(prompts.size(), from + together));
            List<Completion> drawn = answer(mode, some, prompts, from, control, rule, seed);
            for (int i = 0; i < some.size(); i++) tally.add(mode, from + i, some.get(i), drawn.get(i));
            progress.accept(from + some.size());
        }
        return tally.result();
    }

    private List<Completion> answer(TrainingData.Mode mode, List<Prompt> some, List<Prompt> all, int from, Control control, Sampling.Rule rule,
            long seed) {
        GenerationSettings settings = new GenerationSettings(rule, mode == TrainingData.Mode.DIRECT ? spec.directTokens() : spec.maxNewTokens(),
                tokenizer.eosId(), 1f,
                Philox.key(seed, PURPOSE), 0, from);
        try (Scope _ = Scope.open(policy.device()); var _ = Tape.noGrad()) {
            var features = policy.features((first, end) -> shown(some.subList(first, end), all, from + first, control), some.size(),
                    data.framesPerClip(), data.imageSize());
            return policy.generate(some.stream().map(Prompt::ids).toList(), policy.connect(features, some.size()), 1, settings, null);
        }
    }

    // The clips of some questions, the first of which is number `from` of all.
    private byte[] shown(List<Prompt> some, List<Prompt> all, int from, Control control) {
        byte[] frames = Frames.pack(data, some.stream().map(p -> Visual.clip(p.clip())).toList());
        int bytes = data.framesPerClip() * data.imageSize() * data.imageSize() * 3;
        for (int i = 0; i < some.size(); i++) {
            byte[] clip = control == Control.OTHER ? data.frames(another(all, from + i)) : Arrays.copyOfRange(frames, i * bytes, (i + 1) * bytes);
            System.arraycopy(control.of(clip, data.framesPerClip(), from + i), 0, frames, i * bytes, bytes);
        }
        return frames;
    }

    private int another(List<Prompt> all, int number) {
        int own = all.get(number).clip();
        return all.get(Control.other(all.size(), number, i -> all.get(i).clip() != own).orElseThrow(() -> Control.noOther(data.clipName(own))))
                .clip();
    }

    /// Collects answers.
    private final class Tally {
        private final Reward reward = TinyLlavaVideoR1Reward.published();
        private final Map<String, int[]> kinds = new TreeMap<>();
        private final List<Evaluation.Answer> answers = new ArrayList<>();
        private int right;
        private int formed;
        private long tokens;
        private int evident;
        private int evidence;
        private int order;
        private int orderRight;
        private int orderReversed;

        void add(TrainingData.Mode mode, int number, Prompt prompt, Completion completion) {
            String text = CompletionText.of(tokenizer, completion.ids());
            boolean ok = isRight(mode, text, prompt.solution());
            answers.add(new Evaluation.Answer(number, text, ok));
            int[] kind = kinds.computeIfAbsent(prompt.kind(), _ -> new int[2]);
            kind[0] += ok ? 1 : 0;
            kind[1]++;
            right += ok ? 1 : 0;
            formed += isFormed(mode, text, prompt) ? 1 : 0;
            tokens += completion.length();
            // A letter alone names nothing.
            if (prompt.evidence() != null && mode == TrainingData.Mode.REASONING) {
                evident++;
                evidence += text.contains(prompt.evidence()) ? 1 : 0;
            }
            if (prompt.orderDependent()) {
                order++;
                orderRight += ok ? 1 : 0;
                orderReversed += prompt.reversedSolution() != null && isRight(mode, text, prompt.reversedSolution()) ? 1 : 0;
            }
        }

        private boolean isFormed(TrainingData.Mode mode, String text, Prompt prompt) {
            return mode == TrainingData.Mode.DIRECT ? prompt.offers(data.directAnswer(text)) : TinyLlavaVideoR1Reward.isWellFormed(text);
        }

        private boolean isRight(TrainingData.Mode mode, String text, String solution) {
            if (mode == TrainingData.Mode.DIRECT) return solution.equals("<answer>" + data.directAnswer(text) + "</answer>");
            // Judged as the reward judges, but a malformed text is never right.
            Reward.Score score = reward.score(text, solution);
            return score.wellFormed() && score.accuracy() == 1;
        }

        Evaluation result() {
            int n = answers.size();
            Map<String, Double> byKind = new TreeMap<>();
            kinds.forEach((k, c) -> byKind.put(k, (double) c[0] / c[1]));
            return new Evaluation(n, (double) right / n, byKind, (double) formed / n, (double) tokens / n, share(evidence, evident),
                    share(orderRight, order), order, share(orderReversed, order), answers);
        }

        private static Double share(int part, int of) { return of == 0 ? null : (double) part / of; }
    }
}
