package lucid.grpo.recipe;

import com.fasterxml.jackson.annotation.JacksonInject;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.OptBoolean;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import lucid.kernels.contract.Sampling;
import lucid.nn.weights.Initialization;
import lucid.nn.lora.LoraSpec;
import lucid.video.drift.Draw;

/// Every constant of a run.
///
/// @param name        short name
/// @param description what it is, for people
/// @param source      where its constants come from
/// @param departures  where it departs from the paper or the published code, one sentence each
/// @param seed        of the whole run; every random number is a function of it and of what is drawn
/// @param model       the model's `config.json` as published, or null when a checkpoint is given on the command line
/// @param initialization how large the model's first numbers are, factors before [Initialization#ofDepth]; may be missing, which means
/// [Initialization#FAN_IN] for a model of the recipe's own
/// @param tokenizer   how a tokenizer is trained, or null when one comes with the model
/// @param data        what it learns from
/// @param stages      in order
/// @param evaluation  how it is judged after each stage
/// @param lora        a low-rank adapter that is trained instead of the model; may be missing, which means null: the model itself is trained
/// @param origin      names it in messages: the file that it was read from, or `recipe NAME` of one that is shipped or made; no part of its JSON
public record Recipe(String name, String description, String source, List<String> departures, long seed, JsonNode model,
                     @JacksonInject(INITIALIZATION) @JsonInclude(JsonInclude.Include.NON_NULL) Initialization initialization, TokenizerSpec tokenizer,
                             DataSpec data,
                     List<Stage> stages, EvaluationSpec evaluation, @JacksonInject(LORA) @JsonInclude(JsonInclude.Include.NON_NULL) Lora lora,
                             @JsonIgnore @JacksonInject(value = ORIGIN, useInput = OptBoolean.FALSE) String origin) {
    static final String INITIALIZATION = "initialization";
    static final String LORA = "lora";
    static final String ORIGIN = "origin";

    public Recipe {
        // In JSON there are two ways to have none.
        if (model != null && model.isNull()) model = null;
        if (initialization == null && model != null && model.isObject()) initialization = Initialization.FAN_IN;
        if (origin == null) origin = "recipe " + name;
    }

    /// A recipe that trains the model itself.
    public Recipe(String name, String description, String source, List<String> departures, long seed, JsonNode model, TokenizerSpec tokenizer,
            DataSpec data, List<Stage> stages,
                  EvaluationSpec evaluation) {
        this(name, description, source, departures, seed, model, null, tokenizer, data, stages, evaluation, null, null);
    }

    /// @param r             rank
    /// @param alpha         scale is alpha / r
    /// @param dropout       only 0: a rollout and its training pass must see the same network
    /// @param targetModules last parts of the adapted layers' names, see [LoraSpec#TARGETS]
    public record Lora(int r, double alpha, double dropout, List<String> targetModules) {
        /// Checked.
        ///
        /// @throws RecipeException numbers or names that cannot be
        public LoraSpec spec() {
            if (dropout != 0)
                throw new RecipeException("lora.dropout: found " + dropout
                        + ", wanted 0: with dropout the trained network is not the one that answered");
            try {
                return new LoraSpec(r, alpha, false, targetModules == null ? List.of() : targetModules);
            } catch (IllegalArgumentException e) {
                throw new RecipeException(e.getMessage());
            }
        }
    }

    /// @param vocabulary number of tokens, bytes and special tokens included
    /// @param texts      training items whose text the tokenizer is trained on
    /// @param minFrequency how often a pair must occur to become a token; may be missing, which means [#MIN_FREQUENCY]
    public record TokenizerSpec(int vocabulary, int texts, @JacksonInject(value = FREQUENCY, useInput = OptBoolean.TRUE) int minFrequency) {
        static final String FREQUENCY = "min_frequency";
        static final int MIN_FREQUENCY = 2;

        /// With [#MIN_FREQUENCY].
        public TokenizerSpec(int vocabulary, int texts) { this(vocabulary, texts, MIN_FREQUENCY); }
    }

    /// @param kind      `drift` (made from a seed) or `nextqa` (files in one of the published layouts)
    /// @param frames    frames that the model sees of a clip
    /// @param image     side of the square they are resized to
    /// @param clips     drift: training clips
    /// @param heldOut   drift: held-out questions
    /// @param dataSeed  drift: seed of the clips, independent of the run's so that runs can share them
    /// @param questions nextqa: the questions' file, relative to the data root
    /// @param coldStart nextqa: the chain-of-thought samples' file
    /// @param captions  nextqa: the file of base training's captions; may be missing, as the next
    /// @param conversations nextqa: the file of base training's open questions
    /// @param clipsPerStep drift: different clips in a supervised step at most, more examples ask more about the same ones; may be missing, which
    /// means [#CLIPS_PER_STEP]
    public record DataSpec(String kind, int frames, int image, Integer clips, Integer heldOut, Long dataSeed, String questions, String coldStart,
                           @JacksonInject(CAPTIONS) @JsonInclude(JsonInclude.Include.NON_NULL) String captions,
                           @JacksonInject(CONVERSATIONS) @JsonInclude(JsonInclude.Include.NON_NULL) String conversations,
                           @JacksonInject(CLIPS) @JsonInclude(JsonInclude.Include.NON_NULL) Integer clipsPerStep) {
        static final String CAPTIONS = "captions";
        static final String CONVERSATIONS = "conversations";
        static final String CLIPS = "clips_per_step";
        static final int CLIPS_PER_STEP = 32;

        public DataSpec {
            if (clipsPerStep == null && "drift".equals(kind)) clipsPerStep = CLIPS_PER_STEP;
        }

        /// Without files for base training.
        public DataSpec(String kind, int frames, int image, Integer clips, Integer heldOut, Long dataSeed, String questions, String coldStart) {
            this(kind, frames, image, clips, heldOut, dataSeed, questions, coldStart, null, null, null);
        }
    }

    /// @param questions    how many held-out questions after the last stage (0: all)
    /// @param interim      how many while training
    /// @param maxNewTokens of an answer that reasons
    /// @param controls     questions for each control (blank clip, shuffled frames, ...); 0: none
    /// @param directTokens of a direct answer; may be missing, which means [#DIRECT_TOKENS]
    /// @param sampling     how an answer that reasons is drawn; may be missing or null, which means greedily. Direct answers are always greedy, as
    /// published
    public record EvaluationSpec(int questions, int interim, int maxNewTokens, int controls,
            @JacksonInject(value = DIRECT, useInput = OptBoolean.TRUE) int directTokens,
                                 @JacksonInject(SAMPLING) @JsonInclude(JsonInclude.Include.NON_NULL) Stage.SamplingSpec sampling) {
        static final String DIRECT = "direct_tokens";
        static final String SAMPLING = "sampling";
        static final int DIRECT_TOKENS = 8;

        /// Greedy.
        public EvaluationSpec(int questions, int interim, int maxNewTokens, int controls) {
            this(questions, interim, maxNewTokens, controls, DIRECT_TOKENS, null);
        }

        /// How an answer that reasons is drawn.
        public Sampling.Rule rule() { return sampling == null ? Sampling.Rule.GREEDY : sampling.rule(); }
    }

    /// The stage with the given name.
    public Stage stage(String wanted) {
        return stages.stream().filter(s -> s.name().equals(wanted)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "recipe " + name + " has no stage '" + wanted + "'; it has " + stages.stream().map(Stage::name).toList()));
    }

    /// Seed of what a GRPO stage draws: completions and noise, which are numbered by the stage's steps. The recipe's for the first such stage; a
    /// later one has its own, or it would draw the same numbers again.
    public long drawSeed(String wanted) {
        return drawSeed(seed, stages.stream().filter(Stage.Grpo.class::isInstance).map(Stage::name).toList(), wanted);
    }

    /// The same of a recipe that need not be one of today.
    ///
    /// @param seed     the recipe's
    /// @param rewarded its GRPO stages, in order
    public static long drawSeed(long seed, List<String> rewarded, String wanted) {
        return rewarded.indexOf(wanted) <= 0 ? seed : Draw.of(seed, "draws of stage " + wanted).bits();
    }

    /// Whether its first stage can begin without a checkpoint: from a model and a tokenizer of its own.
    public boolean beginsFromNothing() { return model != null && tokenizer != null && lora == null; }

    /// The same recipe from another seed: another run.
    public Recipe withSeed(long other) {
        return new Recipe(name, description, source, departures, other, model, initialization, tokenizer, data, stages, evaluation, lora, origin);
    }

    /// The same recipe with other stages, in the order given.
    public Recipe withStages(List<Stage> other) {
        return new Recipe(name, description, source, departures, seed, model, initialization, tokenizer, data, other, evaluation, lora, origin);
    }

    public Recipe withData(DataSpec other) {
        return new Recipe(name, description, source, departures, seed, model, initialization, tokenizer, other, stages, evaluation, lora, origin);
    }

    /// With an adapter, or with null without.
    public Recipe withLora(Lora other) {
        return new Recipe(name, description, source, departures, seed, model, initialization, tokenizer, data, stages, evaluation, other, origin);
    }

    Recipe withOrigin(String other) {
        return new Recipe(name, description, source, departures, seed, model, initialization, tokenizer, data, stages, evaluation, lora, other);
    }

    /// What is wrong with a value, which only data or model could tell.
    ///
    /// @param field its path in the recipe
    public RecipeException fault(String field, Object found, String wanted) { return new FieldCheck(origin + ", ").fault(field, found, wanted); }

    /// Held-out questions that a run asks, at most; 0: all that there are.
    public int heldOutAsked() {
        boolean all = evaluation.questions() == 0 || evaluation.interim() == 0 && stages.stream()
                .anyMatch(s -> s instanceof Stage.Grpo g && g.interimEvery() > 0);
        return all ? 0 : Math.max(evaluation.questions(), Math.max(evaluation.interim(), evaluation.controls()));
    }
}
