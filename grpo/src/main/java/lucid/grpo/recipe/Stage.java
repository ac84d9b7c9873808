package lucid.grpo.recipe;

import com.fasterxml.jackson.annotation.JacksonInject;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.OptBoolean;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import lucid.grpo.policy.Advantages;
import lucid.grpo.policy.Aggregation;
import lucid.grpo.policy.Kl;
import lucid.grpo.policy.PolicyLoss;
import lucid.grpo.reward.Reward;
import lucid.grpo.reward.TinyLlavaVideoR1Reward;
import lucid.kernels.contract.LogProb.Surrogate;
import lucid.kernels.contract.Sampling;
import lucid.nn.optim.AdamW;
import lucid.nn.optim.Schedule;

/// One stage of training. Stages follow each other on the same weights, each with an optimiser of its own.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = Stage.KIND)
@JsonSubTypes({@JsonSubTypes.Type(value = Stage.Supervised.class, name = "supervised"), @JsonSubTypes.Type(value = Stage.Grpo.class, name = "grpo")})
public sealed interface Stage permits Stage.Supervised, Stage.Grpo {
    /// The key that tells the sorts of stages apart.
    String KIND = "kind";

    /// The parts of the model, as their parameters' names begin.
    enum Part {
        VISION_TOWER, CONNECTOR, LANGUAGE_MODEL;

        /// Whether a parameter of that name belongs to this part.
        public boolean has(String parameter) { return parameter.startsWith(name().toLowerCase(Locale.ROOT) + "."); }
    }

    /// Unique in its recipe: steps in metrics and checkpoints are told apart by it.
    String name();

    /// What the stage belongs to in the story: `base`, `cold_start` or `grpo`.
    String phase();

    /// Steps of the stage: of a supervised one updates, of a GRPO one rollouts.
    int steps();

    /// Updates of the weights, over all steps.
    default int updates() { return steps(); }

    OptimizerSpec optimizer();

    /// What learns; all else is frozen. With LoRA only the language model may stand here: its adapter learns.
    List<Part> trainable();

    /// Steps between checkpoints; the last step is always saved.
    int saveEvery();

    /// AdamW and its schedule.
    ///
    /// @param schedule    `constant`, `linear`, `cosine`, `cosine_with_min_lr`, ...: the names of Hugging Face's Trainer, see
    /// [lucid.nn.optim.Schedule]
    /// @param warmup      updates of linear rise, at most all of the stage; the first one's rate is 0, as in that Trainer
    /// @param floor       share of lr that the rate does not fall below: `cosine_with_min_lr` ends at it, the constant schedules never fall. With any
    ///                    other it is 0
    /// @param maxGradNorm global-norm clip; null: none
    record OptimizerSpec(double lr, double beta1, double beta2, double eps, double weightDecay, String schedule, int warmup, double floor,
            Double maxGradNorm) {
        /// For the optimiser: rounded to f32, all parameters decay.
        public AdamW.Settings settings() {
            return new AdamW.Settings((float) beta1, (float) beta2, (float) eps, (float) weightDecay,
                    maxGradNorm == null ? Float.POSITIVE_INFINITY : maxGradNorm.floatValue());
        }

        /// The learning rate by update.
        ///
        /// @param updates of the whole stage
        public Schedule rates(int updates) {
            Schedule.Kind kind = Schedule.Kind.of(schedule);
            return new Schedule(kind, lr, updates, warmup, kind == Schedule.Kind.COSINE_WITH_MIN_LR ? Map.of("min_lr_rate", floor) : Map.of());
        }
    }

    /// Learning from given text. The loss is the sum over the kinds of their mean token loss.
    ///
    /// @param mix        how many examples of which kind a step holds
    /// @param microBatch prompt groups (a text alone, or a clip with all that the step says about it) that go through forward and backward together;
    /// changes memory and speed, never a bit.
    ///                   May be missing, which means null: all of the step
    record Supervised(String name, String phase, int steps, Map<String, Integer> mix,
            @JacksonInject(MICRO_BATCH) @JsonInclude(JsonInclude.Include.NON_NULL) Integer microBatch,
                      OptimizerSpec optimizer, List<Part> trainable, int saveEvery) implements Stage {
        static final String MICRO_BATCH = "micro_batch";

        /// All of a step together.
        public Supervised(String name, String phase, int steps, Map<String, Integer> mix, OptimizerSpec optimizer, List<Part> trainable,
                int saveEvery) {
            this(name, phase, steps, mix, null, optimizer, trainable, saveEvery);
        }

        public Supervised withMicroBatch(Integer other) { return new Supervised(name, phase, steps, mix, other, optimizer, trainable, saveEvery); }
    }

    /// Learning from rewards.
    ///
    /// @param prompts     prompts of a step
    /// @param completions completions of a prompt (the group), at least two: one has no standard deviation
    /// @param iterations  updates per rollout (mu); 1 is strictly on-policy
    /// @param microBatch  prompt groups that go through forward and backward together; changes memory and speed, never a bit
    /// @param interimEvery steps between evaluations on held-out questions; 0: none
    /// @param rescoreEvery steps between measurements of every token's probability after the update (for the report); 0: none
    record Grpo(String name, String phase, int steps, int prompts, int completions, int iterations, int microBatch, int maxNewTokens,
            SamplingSpec sampling,
                RewardSpec reward, AdvantageSpec advantage, LossSpec loss, OptimizerSpec optimizer, List<Part> trainable, int saveEvery,
                        int interimEvery,
                int rescoreEvery) implements Stage {
        @Override public int updates() { return steps * iterations; }
    }

    /// Temperature, then top-k, top-p, min-p; 0, 1, 0 switch the last three off.
    record SamplingSpec(float temperature, int topK, float topP, float minP) {
        /// For the sampler.
        ///
        /// @throws IllegalArgumentException for a value outside its range, see [Sampling.Rule]
        public Sampling.Rule rule() { return new Sampling.Rule(false, temperature, topK, topP, minP); }
    }

    /// The last three may be missing; the published numbers are meant then.
    ///
    /// @param rule       `code` or `paper`
    /// @param maxLength  characters of reasoning at which the length part is full
    /// @param lengthPart whether longer reasoning earns more
    /// @param format     what reasoning and answer in their tags earn (the paper's r0)
    /// @param length     what reasoning of `maxLength` characters and more earns on top, shorter one in proportion (r1)
    /// @param malformed  the whole reward of a malformed completion; with rule `code`, as in the published code, only of one that is wrong as well (a
    /// right one earns 1); at most 0, at least minus what a completion can earn (or -2, as published)
    record RewardSpec(String rule, int maxLength, boolean lengthPart, @JacksonInject(value = FORMAT, useInput = OptBoolean.TRUE) double format,
            @JacksonInject(value = LENGTH, useInput = OptBoolean.TRUE) double length,
            @JacksonInject(value = MALFORMED, useInput = OptBoolean.TRUE) double malformed) {
        static final String FORMAT = "format";
        static final String LENGTH = "length";
        static final String MALFORMED = "malformed";

        /// With the published numbers.
        public RewardSpec(String rule, int maxLength, boolean lengthPart) {
            this(rule, maxLength, lengthPart, TinyLlavaVideoR1Reward.FORMAT, TinyLlavaVideoR1Reward.LENGTH, TinyLlavaVideoR1Reward.MALFORMED);
        }

        /// The same reward with or without its length part: one of the ablations.
        public RewardSpec withLengthPart(boolean other) { return new RewardSpec(rule, maxLength, other, format, length, malformed); }

        /// Every rule by its name in a recipe. A rule of your own: a record that implements [Reward], and a line here.
        static final Map<String, Function<RewardSpec, Reward>> RULES = Map.of("code", s -> s.published(TinyLlavaVideoR1Reward.Rule.CODE), "paper",
                s -> s.published(TinyLlavaVideoR1Reward.Rule.PAPER));

        /// What judges.
        public Reward judge() { return RULES.get(rule).apply(this); }

        private Reward published(TinyLlavaVideoR1Reward.Rule which) {
            return new TinyLlavaVideoR1Reward(which, maxLength, lengthPart, format, length, malformed);
        }
    }

    /// From the rewards of a group to advantages; formula and constants at [lucid.grpo.policy.Advantages].
    ///
    /// @param stdOf `group` or `batch`: whose standard deviation divides. May be missing, which means the group's
    record AdvantageSpec(double eps, double noise, boolean divideByStd, @JacksonInject(value = STD_OF, useInput = OptBoolean.TRUE) String stdOf) {
        static final String STD_OF = "std_of";
        static final String GROUP = "group";
        /// All rewards of the step.
        public static final String BATCH = "batch";

        /// With the group's.
        public AdvantageSpec(double eps, double noise, boolean divideByStd) { this(eps, noise, divideByStd, GROUP); }

        /// What computes them.
        public Advantages advantages() { return new Advantages(eps, noise, divideByStd, stdOf.equals(BATCH)); }
    }

    /// The loss; formulas at [PolicyLoss] and [Aggregation]. The last five may be missing, and then mean the first of what they can be, and nothing.
    ///
    /// @param epsilonLow    null: no clip below
    /// @param epsilonHigh   null: no clip above
    /// @param klClamp       bound of the k3 estimate; null: none
    /// @param aggregation   `sequence_mean`, `token_mean` or `fixed_length_mean`
    /// @param surrogate     `clip` or `cispo`
    /// @param ratio         `token` or `sequence`: whose probability the ratio compares
    /// @param delta         most that the unclipped branch takes for the ratio; null: no bound
    /// @param klTimesRatio  whether the KL is multiplied by the ratio
    /// @param maskTruncated whether completions that were cut off at `max_new_tokens` are left out of the loss
    record LossSpec(Double epsilonLow, Double epsilonHigh, double beta, Double klClamp, String aggregation,
            @JacksonInject(value = SURROGATE, useInput = OptBoolean.TRUE) String surrogate,
            @JacksonInject(value = RATIO, useInput = OptBoolean.TRUE) String ratio, @JacksonInject(DELTA) Double delta,
            @JacksonInject(value = KL_TIMES_RATIO, useInput = OptBoolean.TRUE) boolean klTimesRatio,
            @JacksonInject(value = MASK_TRUNCATED, useInput = OptBoolean.TRUE) boolean maskTruncated) {
        static final String SURROGATE = "surrogate";
        static final String RATIO = "ratio";
        static final String DELTA = "delta";
        static final String KL_TIMES_RATIO = "kl_times_ratio";
        static final String MASK_TRUNCATED = "mask_truncated";
        static final String TOKEN = "token";
        static final String SEQUENCE = "sequence";

        /// PPO's clip of each token's own ratio, the KL as it is, all completions.
        public LossSpec(Double epsilonLow, Double epsilonHigh, double beta, Double klClamp, String aggregation) {
            this(epsilonLow, epsilonHigh, beta, klClamp, aggregation, Surrogate.CLIP.name().toLowerCase(Locale.ROOT), TOKEN, null, false, false);
        }

        /// The same without a KL.
        public LossSpec withoutKl() {
            return new LossSpec(epsilonLow, epsilonHigh, 0, klClamp, aggregation, surrogate, ratio, delta, false, maskTruncated);
        }

        /// Of a token.
        public PolicyLoss policyLoss() {
            return new PolicyLoss(orInfinite(epsilonLow), orInfinite(epsilonHigh), beta, new Kl(orInfinite(klClamp), Double.POSITIVE_INFINITY),
                    Surrogate.valueOf(surrogate.toUpperCase(Locale.ROOT)), orInfinite(delta), klTimesRatio, ratio.equals(SEQUENCE));
        }

        /// From the losses of the tokens to that of a step.
        public Aggregation perStep() { return Aggregation.valueOf(aggregation.toUpperCase(Locale.ROOT)); }

        private static double orInfinite(Double limit) { return limit == null ? Double.POSITIVE_INFINITY : limit; }
    }
}
