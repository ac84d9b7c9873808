package lucid.grpo.recipe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import lucid.grpo.policy.Aggregation;
import lucid.grpo.reward.TinyLlavaVideoR1Reward;
import lucid.kernels.contract.LogProb.Surrogate;
import lucid.nn.optim.Schedule;
import lucid.nn.weights.Initialization;
import lucid.video.drift.DriftPlan;

/// Checks every value of a recipe that was read, so that a bad one is refused before any clip is made or step is taken, by the name that it has in
/// the file. What only the data can tell (whether they have a step's `prompts`), `Session` checks when it has read them.
/// The records cannot do so themselves: the hash of a recipe makes some with zeros for what does not count.
final class RecipeCheck {
    private static final String DRIFT = "drift";
    private static final String NEXTQA = "nextqa";
    private static final List<String> PHASES = List.of("base", "cold_start", "grpo");
    // 256 bytes and the token that ends a text.
    private static final int LEAST_VOCABULARY = 257;
    // One completion has no standard deviation: its advantage is 0 whatever it earns.
    private static final int LEAST_GROUP = 2;

    private final String origin;
    private final Recipe recipe;

    private RecipeCheck(String origin, Recipe recipe) {
        this.origin = origin;
        this.recipe = recipe;
    }

    /// @param origin names the recipe in messages
    /// @throws RecipeException what is wrong
    static void check(String origin, Recipe recipe) { new RecipeCheck(origin + ", ", recipe).all(); }

    private void all() {
        FieldCheck top = new FieldCheck(origin);
        top.name("name", recipe.name());
        top.given("description", recipe.description());
        top.given("source", recipe.source());
        top.given("departures", recipe.departures());
        if (recipe.model() != null && !recipe.model().isNull() && !recipe.model().isObject())
            throw top.fault("model", recipe.model().getNodeType(), "an object or null");
        if (recipe.initialization() != null) initialization(top.in("initialization", recipe.initialization()), recipe.initialization());
        if (recipe.tokenizer() != null) {
            FieldCheck tokenizer = top.in("tokenizer", recipe.tokenizer());
            tokenizer.atLeast("vocabulary", recipe.tokenizer().vocabulary(), LEAST_VOCABULARY);
            tokenizer.atLeast("texts", recipe.tokenizer().texts(), 1);
            tokenizer.atLeast("min_frequency", recipe.tokenizer().minFrequency(), 1);
        }
        data(top.in("data", recipe.data()), recipe.data());
        if (recipe.tokenizer() != null && !recipe.data().kind().equals(DRIFT)) {
            throw top.fault("tokenizer", "numbers", "null: it is trained on texts of drift, and data of kind " + recipe.data().kind()
                    + " have a model's");
        }
        if (recipe.stages() == null || recipe.stages().isEmpty()) throw top.fault("stages", recipe.stages(), "at least one");
        top.atMost("stages", recipe.stages().size(), 100, "checkpoints are told apart by two digits");
        Set<String> names = new HashSet<>();
        for (int i = 0; i < recipe.stages().size(); i++) {
            Stage stage = recipe.stages().get(i);
            FieldCheck numbered = top.in("stages[" + i + "]", stage);
            numbered.name("name", stage.name());
            if (!names.add(stage.name())) throw numbered.fault("name", stage.name(), "a name that no other stage has");
            stage(new FieldCheck(origin + "stage " + stage.name() + ", "), stage);
        }
        evaluation(top.in("evaluation", recipe.evaluation()), recipe.evaluation());
        if (recipe.lora() != null) lora(top.in("lora", recipe.lora()));
    }

    private void initialization(FieldCheck at, Initialization i) {
        if (!(recipe.model() instanceof ObjectNode))
            throw new FieldCheck(origin).fault("initialization", "numbers", "null: no model of this recipe begins from nothing");
        at.notNegative("linear", i.linear());
        // Of 0, every token would be the same vector; so would every query of the connector.
        at.positive("embedding", i.embedding());
        at.notNegative("position", i.position());
        at.positive("latent", i.latent());
        at.notNegative("decoder_residual", i.decoderResidual());
        at.notNegative("vision_residual", i.visionResidual());
        at.notNegative("connector_residual", i.connectorResidual());
    }

    private static void data(FieldCheck at, Recipe.DataSpec d) {
        at.oneOf("kind", d.kind(), List.of(DRIFT, NEXTQA));
        at.atLeast("frames", d.frames(), 1);
        at.atLeast("image", d.image(), 1);
        if (!d.kind().equals(DRIFT)) {
            String files = "data of kind " + d.kind() + " are what their files hold";
            at.absent("clips", d.clips(), files);
            at.absent("held_out", d.heldOut(), files);
            at.absent("data_seed", d.dataSeed(), files);
            at.absent("clips_per_step", d.clipsPerStep(), files);
            return;
        }
        at.atLeast("clips", d.clips(), DriftPlan.LEAST_CLIPS);
        at.atLeast("held_out", d.heldOut(), DriftPlan.LEAST_HELD_OUT);
        if ((long) d.clips() + d.heldOut() > DriftPlan.MOST_CLIPS)
            throw at.fault("clips", d.clips(), "at most " + DriftPlan.MOST_CLIPS + " together with held_out, which is " + d.heldOut());
        at.given("data_seed", d.dataSeed());
        at.atLeast("clips_per_step", d.clipsPerStep(), 1);
        String made = "data of kind drift are made from data_seed";
        at.absent("questions", d.questions(), made);
        at.absent("cold_start", d.coldStart(), made);
        at.absent("captions", d.captions(), made);
        at.absent("conversations", d.conversations(), made);
    }

    private static void evaluation(FieldCheck at, Recipe.EvaluationSpec e) {
        at.atLeast("questions", e.questions(), 0);
        at.atLeast("interim", e.interim(), 0);
        at.atLeast("max_new_tokens", e.maxNewTokens(), 1);
        at.atLeast("controls", e.controls(), 0);
        at.atLeast("direct_tokens", e.directTokens(), 1);
        if (e.sampling() != null) sampling(at.in("sampling", e.sampling()), e.sampling());
    }

    private void lora(FieldCheck at) {
        at.atLeast("r", recipe.lora().r(), 1);
        at.positive("alpha", recipe.lora().alpha());
        try {
            recipe.lora().spec();
        } catch (RecipeException e) {
            throw new RecipeException(origin + e.getMessage());
        }
    }

    private void stage(FieldCheck at, Stage stage) {
        at.oneOf("phase", stage.phase(), PHASES);
        at.atLeast("steps", stage.steps(), 1);
        at.atMost("steps", stage.steps(), 999_999, "checkpoints are told apart by six digits");
        at.atLeast("save_every", stage.saveEvery(), 1);
        trainable(at, stage.trainable());
        switch (stage) {
            case Stage.Supervised s -> {
                mix(at, s);
                if (s.microBatch() != null) at.atLeast("micro_batch", s.microBatch(), 1);
            }
            case Stage.Grpo g -> grpo(at, g);
        }
        optimizer(at.in("optimizer", stage.optimizer()), stage);
    }

    private static void trainable(FieldCheck at, List<Stage.Part> parts) {
        if (parts == null || parts.isEmpty() || parts.contains(null) || new HashSet<>(parts).size() < parts.size()) {
            throw at.fault("trainable", parts, "at least one of " + String.join(", ", FieldCheck.names(Stage.Part.values())) + ", each once");
        }
    }

    private void mix(FieldCheck at, Stage.Supervised s) {
        boolean drift = recipe.data().kind().equals(DRIFT);
        Collection<String> known = drift ? ExampleKinds.DRIFT : ExampleKinds.QUESTIONS;
        if (s.mix() == null || s.mix().isEmpty())
            throw at.fault("mix", s.mix(), "how many examples of each kind a step holds; " + recipe.data().kind() + " has "
                    + String.join(", ", known));
        FieldCheck mix = at.in("mix", s.mix());
        s.mix().forEach((kind, count) -> {
            if (!known.contains(kind)) throw at.fault("mix", kind, FieldCheck.oneOf(kind, known));
            mix.atLeast(kind, count, 1);
        });
        if (s.mix().containsKey(ExampleKinds.FRAME)) {
            s.mix().keySet().stream().filter(ExampleKinds::seesClip).findFirst().ifPresent(clip -> {
                throw at.fault("mix", ExampleKinds.FRAME + " and " + clip, "single frames or whole clips; use two stages");
            });
        }
        if (drift) return;
        learned(s, "caption", "captions", recipe.data().captions());
        learned(s, "cold_start", "cold_start", recipe.data().coldStart());
        learned(s, "conversation", "conversations", recipe.data().conversations());
    }

    private void learned(Stage.Supervised s, String kind, String field, String file) {
        if (file == null && s.mix().containsKey(kind))
            throw new FieldCheck(origin).fault("data." + field, null, "a file: stage " + s.name() + " learns from it");
    }

    private void grpo(FieldCheck at, Stage.Grpo g) {
        if (g.trainable().contains(Stage.Part.VISION_TOWER))
            throw at.fault("trainable", FieldCheck.names(g.trainable().toArray(Stage.Part[]::new)),
                    "connector or language_model: GRPO keeps the tower frozen");
        at.atLeast("prompts", g.prompts(), 1);
        at.atLeast("completions", g.completions(), LEAST_GROUP);
        at.atLeast("iterations", g.iterations(), 1);
        at.atMost("iterations", g.iterations(), Integer.MAX_VALUE / g.steps(),
                "with " + g.steps() + " steps there would be more updates than can be counted");
        at.atLeast("micro_batch", g.microBatch(), 1);
        at.atLeast("max_new_tokens", g.maxNewTokens(), 1);
        at.atLeast("interim_every", g.interimEvery(), 0);
        at.atLeast("rescore_every", g.rescoreEvery(), 0);
        sampling(at.in("sampling", g.sampling()), g.sampling());
        reward(at.in("reward", g.reward()), g.reward());
        FieldCheck advantage = at.in("advantage", g.advantage());
        advantage.notNegative("eps", g.advantage().eps());
        advantage.notNegative("noise", g.advantage().noise());
        advantage.oneOf("std_of", g.advantage().stdOf(), List.of(Stage.AdvantageSpec.GROUP, Stage.AdvantageSpec.BATCH));
        if (!g.advantage().divideByStd() && !g.advantage().stdOf().equals(Stage.AdvantageSpec.GROUP))
            throw advantage.fault("std_of", g.advantage().stdOf(), "group: divide_by_std is false, nothing is divided");
        loss(at.in("loss", g.loss()), g.loss());
        if (recipe.data().kind().equals(NEXTQA) && recipe.data().questions() == null)
            throw new FieldCheck(origin).fault("data.questions", null, "a file: stage " + g.name() + " learns from it");
    }

    private static void sampling(FieldCheck at, Stage.SamplingSpec s) {
        at.positive("temperature", s.temperature());
        at.atLeast("top_k", s.topK(), 0);
        if (!(s.topP() > 0 && s.topP() <= 1)) throw at.fault("top_p", s.topP(), "a number in (0, 1]");
        at.share("min_p", s.minP());
    }

    private static void reward(FieldCheck at, Stage.RewardSpec r) {
        at.oneOf("rule", r.rule(), Stage.RewardSpec.RULES.keySet().stream().sorted().toList());
        at.atLeast("max_length", r.maxLength(), 1);
        at.positive("format", r.format());
        at.notNegative("length", r.length());
        // From the mirror of the most that a completion can earn (or the published number, where that is less) to 0: above it, being malformed would
        // pay.
        at.within("malformed", r.malformed(), -Math.max(1 + r.format() + r.length(), -TinyLlavaVideoR1Reward.MALFORMED), 0);
    }

    private static void loss(FieldCheck at, Stage.LossSpec l) {
        // A ratio is never below 0, so that 1 already means no clip.
        if (l.epsilonLow() != null) at.share("epsilon_low", l.epsilonLow());
        if (l.epsilonHigh() != null) at.notNegative("epsilon_high", l.epsilonHigh());
        at.notNegative("beta", l.beta());
        if (l.klClamp() != null) at.positive("kl_clamp", l.klClamp());
        at.oneOf("aggregation", l.aggregation(), Aggregation.values());
        at.oneOf("surrogate", l.surrogate(), Surrogate.values());
        at.oneOf("ratio", l.ratio(), List.of(Stage.LossSpec.TOKEN, Stage.LossSpec.SEQUENCE));
        if (l.delta() != null) delta(at, l);
        if (!l.klTimesRatio()) return;
        if (l.beta() == 0) throw at.fault("kl_times_ratio", true, "false: beta is 0, there is no KL");
        // The derivative of such a product by one token's log-probability has the KL of all others in it.
        if (!l.ratio().equals(Stage.LossSpec.TOKEN)) throw at.fault("kl_times_ratio", true, "false, or ratio token: it is each token's own ratio");
    }

    private static void delta(FieldCheck at, Stage.LossSpec l) {
        at.positive("delta", l.delta());
        if (l.surrogate().equalsIgnoreCase(Surrogate.CISPO.name()))
            throw at.fault("delta", l.delta(), "null: cispo has one bound above, epsilon_high");
        double least = 1 + (l.epsilonHigh() == null ? 0 : l.epsilonHigh());
        if (!((float) (double) l.delta() > (float) least))
            throw at.fault("delta", l.delta(), "more than " + least + ": the clip holds a ratio of a positive advantage there");
    }

    // A constant rate is above any floor; the demo's recipe says one there.
    private static void floor(FieldCheck at, Stage.OptimizerSpec o) {
        boolean kept = switch (Schedule.Kind.of(o.schedule())) {
            case CONSTANT, CONSTANT_WITH_WARMUP, COSINE_WITH_MIN_LR -> true;
            default -> o.floor() == 0;
        };
        if (!kept)
            throw at.fault("floor", o.floor(), "0: schedule " + o.schedule() + " falls without one; " + Schedule.Kind.COSINE_WITH_MIN_LR.published()
                    + " ends at its floor");
    }

    private static void optimizer(FieldCheck at, Stage stage) {
        Stage.OptimizerSpec o = stage.optimizer();
        at.notNegative("lr", o.lr());
        at.decay("beta1", o.beta1());
        at.decay("beta2", o.beta2());
        at.positive("eps", o.eps());
        at.notNegative("weight_decay", o.weightDecay());
        at.oneOf("schedule", o.schedule(), Arrays.stream(Schedule.Kind.values()).map(Schedule.Kind::published).toList());
        at.atLeast("warmup", o.warmup(), 0);
        at.atMost("warmup", o.warmup(), stage.updates(), "the stage has no more updates, and the rate would never get to lr");
        if (o.warmup() > 0 && o.schedule().equals(Schedule.Kind.CONSTANT.published())) {
            throw at.fault("warmup", o.warmup(), "0: schedule constant does not rise; " + Schedule.Kind.CONSTANT_WITH_WARMUP.published() + " does");
        }
        at.share("floor", o.floor());
        if (o.maxGradNorm() != null) at.positive("max_grad_norm", o.maxGradNorm());
        try {
            o.rates(stage.updates());
        } catch (IllegalArgumentException e) {
            throw at.fault("schedule", o.schedule(), "one that needs no more than a recipe says: " + e.getMessage());
        }
        floor(at, o);
    }
}
