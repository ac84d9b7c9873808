package lucid.grpo.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import lucid.grpo.console.Console;
import lucid.grpo.policy.PolicyLoss;

/// What [Inspection] found, as lines for people.
public final class InspectionText {
    private final List<String> lines = new ArrayList<>();

    private InspectionText() {}

    private void line(String format, Object... args) { lines.add(String.format(Locale.ROOT, format, args)); }

    /// Of the whole run: stages, their hashes, first and last metrics.
    public static List<String> run(Inspection i) {
        InspectionText t = new InspectionText();
        JsonNode run = i.run();
        String what = run.has("replay_of") ? "steps replayed of " + run.path("replay_of").asText() : run.path("complete").asBoolean() ? "complete"
                : "not complete";
        t.line("%s: recipe %s, seed %d, %s", run.path("run").asText(), run.path("recipe").asText(), run.path("seed").asLong(), what);
        JsonNode summary = run.path("summary");
        if (!summary.isMissingNode()) t.line("final hash %s, %.0f s", summary.path("final_hash").asText(), summary.path("seconds").asDouble());
        for (JsonNode s : summary.path("stages")) {
            t.line("  after %-11s accuracy %.3f  format %.3f  length %.1f  (%d held-out questions)", s.path("name").asText(),
                    s.path("accuracy").asDouble(),
                    s.path("format").asDouble(), s.path("mean_length").asDouble(), s.path("questions").asInt());
        }
        t.line("%-12s %6s  steps          hash              first -> last", "stage", "steps");
        for (JsonNode s : run.path("stages")) {
            StringBuilder change = new StringBuilder();
            s.properties().forEach(e -> {
                if (e.getValue().has("first"))
                    change.append(String.format(Locale.ROOT, "%s %.3f -> %.3f  ", e.getKey(), e.getValue().path("first").asDouble(),
                            e.getValue().path("last").asDouble()));
            });
            t.line("%-12s %6d  %-13s  %-16s  %s", s.path("stage").asText(), s.path("steps").asInt(), s.path("first_step").asLong() + ".."
                    + s.path("last_step").asLong(),
                    s.path("hash").asText(), change.toString().strip());
        }
        JsonNode steps = run.path("rollout_steps");
        t.line(steps.isEmpty() ? "no completions on disk yet" : "completions of steps " + steps.get(0) + " .. " + steps.get(steps.size() - 1)
                + ": look at one with --step N");
        return t.lines;
    }

    /// Of one step: its metrics, and a line for each group.
    public static List<String> step(Inspection i, long step) {
        InspectionText t = new InspectionText();
        JsonNode s = i.step(step);
        JsonNode m = s.path("metrics");
        // Older runs have the tokens of the step's completions as num_tokens.
        if (m.isMissingNode()) t.line("step %d: metrics.jsonl has no line of it", step);
        else t.line("step %d (%s %s): loss %.4f, reward %.3f, kl %s, entropy %.3f, gradient norm %.3f, ratio exactly 1 for %d of %d tokens", step,
                m.path("stage").asText("?"),
                m.path("stage_step").asText("?"), m.path("loss").asDouble(), m.path("reward").asDouble(),
                        measured("%.4f", m.path("kl").asDouble(Double.NaN)),
                m.path("entropy").asDouble(), m.path("grad_norm").asDouble(), m.path("ratio_exactly_one").asInt(),
                        m.path("completions/tokens").asInt(m.path("num_tokens").asInt()));
        if (m.path("clip_ratio/region_mean").asDouble() > 0) {
            t.line("over all updates the clip held %.2f %% of the tokens below and %.2f %% above", 100 * m.path("clip_ratio/low_mean").asDouble(),
                    100 * m.path("clip_ratio/high_mean").asDouble());
        }
        t.line("prompt  kind        answer                 right  well-formed  reward mean    std  question");
        int dead = 0;
        for (JsonNode g : s.path("groups")) {
            if (g.path("dead").asBoolean()) dead++;
            t.line("%6d  %-10s  %-20s  %5s  %11s  %11.3f  %5.3f  %s%s", g.path("prompt").asInt(), g.path("kind").asText(),
                    g.path("solution").asText(),
                    g.path("right").asInt() + "/" + g.path("completions").asInt(), g.path("well_formed").asInt() + "/"
                            + g.path("completions").asInt(),
                    g.path("reward_mean").asDouble(), g.path("reward_std").asDouble(), g.path("question").asText().lines().findFirst().orElse(""),
                    g.path("dead").asBoolean() ? "  (no spread: only the noise moves it)" : "");
        }
        t.line("%d of %d groups have no spread. Look at a group with --prompt P", dead, s.path("groups").size());
        return t.lines;
    }

    /// Of one group: the question, and a line for each completion.
    public static List<String> prompt(Inspection i, long step, int prompt) {
        InspectionText t = new InspectionText();
        JsonNode p = i.prompt(step, prompt);
        t.line("step %d, prompt %d (%s), clip %s, solution %s", step, prompt, p.path("kind").asText(), p.path("clip").asText(),
                p.path("solution").asText());
        p.path("question").asText().lines().forEach(l -> t.line("  %s", l));
        String noise = p.at("/stage/advantage/noise").asText("0");
        t.line("rewards: mean %.6f, standard deviation %.6f%s", p.path("reward_mean").asDouble(), p.path("reward_std").asDouble(),
                p.at("/completions/0").has("normal") ? "; " + noise + " · n is the noise of an advantage" : "");
        t.line("completion  accuracy  format  reward  advantage         n  tokens  text");
        for (JsonNode c : p.path("completions")) {
            t.line("%10d  %8.0f  %6.3f  %6.3f  %+9.4f  %8s  %6d  %s%s", c.path("completion").asInt(), c.path("accuracy").asDouble(),
                    c.path("format").asDouble(), c.path("reward").asDouble(),
                    c.path("advantage").asDouble(), measured("%+.4f", c.path("normal").asDouble(Double.NaN)), c.path("length").asInt(), oneLine(c),
                            c.path("finished").asBoolean() ? "" : " [cut off]");
        }
        t.line("Look at the tokens of one with --completion C");
        return t.lines;
    }

    /// Of one completion: a line for each token, with its probability before and after, ratio, clip, KL and coefficient.
    public static List<String> completion(Inspection i, long step, int prompt, int completion) {
        InspectionText t = new InspectionText();
        JsonNode c = i.completion(step, prompt, completion);
        t.line("step %d, prompt %d, completion %d: accuracy %.0f, format %.3f, reward %.3f, advantage %+.4f", step, prompt, completion,
                c.path("accuracy").asDouble(),
                c.path("format").asDouble(), c.path("reward").asDouble(), c.path("advantage").asDouble());
        t.advantage(c);
        t.line("solution %s; text: %s", c.path("solution").asText(), oneLine(c));
        List<TokenRow> rows = i.tokens(step, prompt, completion);
        t.olderVersion(i.stageOf(step), rows);
        int updates = rows.isEmpty() ? 1 : rows.getFirst().updates().size();
        t.line("its part of the step's loss, the sum of weight · loss over its tokens: %+.6e; weight of each token %s", c.path("loss").asDouble(),
                rows.isEmpty() ? "-" : String.format(Locale.ROOT, "%.6e", rows.getFirst().weight()));
        if (updates > 1) t.line("%d updates followed this rollout: ratio, clip, kl, entropy, loss and coefficient are of the last one", updates);
        t.line("token  %-14s  p before   p after     p ref     ratio  clip       kl  entropy      loss  coefficient", "");
        for (TokenRow r : rows) {
            TokenRow.Update u = r.last();
            t.line("%5d  %-14s  %8.5f  %8s  %8s  %8.6f  %-4s  %7s  %7.4f  %+8.4f  %+.4e", r.index(), shown(r.token()), r.before(),
                    measured("%8.5f", r.after()), measured("%8.5f", Math.exp(r.reference())),
                    u.ratio(), u.clip() == PolicyLoss.Clip.NONE ? "-" : word(u.clip()), measured("%7.4f", u.kl()), u.entropy(), u.loss(),
                            u.coefficient());
        }
        t.line("A negative coefficient makes the token likelier. One token in full: --token T");
        return t.lines;
    }

    // The formula, its numbers, and what it comes to.
    private void advantage(JsonNode c) {
        JsonNode settings = c.path("stage").path("advantage");
        if (settings.isMissingNode()) return;
        boolean divided = settings.path("divide_by_std").asBoolean();
        String formula = "(reward - mean of the group)" + (divided ? " / (standard deviation + eps)" : "") + (c.has("normal") ? " + noise · n" : "");
        String numbers = String.format(Locale.ROOT, "(%.6f - %.6f)", c.path("reward").asDouble(), c.path("reward_mean").asDouble());
        if (divided) numbers += String.format(Locale.ROOT, " / (%.6f + %s)", c.path("reward_std").asDouble(), settings.path("eps").asText());
        if (c.has("normal")) numbers += String.format(Locale.ROOT, " + %s · %.6f", settings.path("noise").asText(), c.get("normal").asDouble());
        line("advantage = %s = %s = %+.6f", formula, numbers, c.path("advantage").asDouble());
    }

    /// Of one token: where its coefficient in the gradient comes from, factor by factor.
    ///
    /// @throws IllegalArgumentException if the completion has no such token
    public static List<String> token(Inspection i, long step, int prompt, int completion, int token) {
        TokenRow r = i.row(step, prompt, completion, token);
        JsonNode stage = i.stageOf(step);
        JsonNode loss = stage.path("loss");
        double rate = i.metricsOf(step).path("learning_rate").asDouble(Double.NaN);
        boolean several = r.updates().size() > 1;
        InspectionText t = new InspectionText();
        t.line("step %d, prompt %d, completion %d, token %d: '%s' (id %d)", step, prompt, completion, token, shown(r.token()), r.id());
        t.line("  probability when it was drawn   %.8f (log-probability %.8f)", r.before(), r.sampler());
        t.line("  log-probability, the reference's %s", measured("%.8f", r.reference()));
        t.line("  probability after the update%s   %s", several ? "s" : " ",
                Double.isNaN(r.after()) ? "not measured at this step (recipe: rescore_every; lucid replay --out DIR measures it)"
                        : String.format(Locale.ROOT, "%.8f (%+.2f %%)", r.after(), 100 * (r.after() / r.before() - 1)));
        t.line("  advantage of the completion     %+.6f", r.advantage());
        t.line("  weight in the step's loss       %.6e (%s)", r.weight(), loss.path("aggregation").asText());
        t.line("  %-31s %s", several ? "learning rate of the last one" : "learning rate of the update", measured("%.6e", rate));
        t.olderVersion(stage, List.of(r));
        if (several) t.several(r, loss);
        else t.one(r.last(), loss, rate);
        return t.lines;
    }

    private void one(TokenRow.Update u, JsonNode loss, double rate) {
        line("  log-probability at the update   %.8f", u.logprob());
        line("  ratio at the update             %.9g%s", u.ratio(), u.ratio() == 1 ? " (exactly 1: the trainer computed the sampler's number to the "
                + "bit)" : "");
        line("  clip                            %s (%s)", word(u.clip()), epsilons(loss));
        line("  kl to the reference             %s (beta %s)", measured("%.6f", u.kl()), loss.path("beta").asText());
        line("  entropy there                   %.6f", u.entropy());
        line("  loss of the token               %+.8f", u.loss());
        line("  coefficient d loss / d logprob  %+.6e, by the formula in double %+.6e", u.coefficient(), u.recomputed());
        if (rate == 0) line("  the rate of this update is 0 (warm-up): nothing moves");
        else line("  so gradient descent makes it    %s", u.coefficient() < 0 ? "likelier" : u.coefficient() > 0 ? "less likely"
                : "neither likelier nor less likely");
    }

    private void several(TokenRow r, JsonNode loss) {
        line("  %s, beta %s; a negative coefficient d loss / d logprob makes the token likelier", epsilons(loss), loss.path("beta").asText());
        line("  update       ratio  clip        kl   entropy    coefficient  by the formula in double       logprob         loss");
        for (int n = 0; n < r.updates().size(); n++) {
            TokenRow.Update u = r.updates().get(n);
            line("  %6d  %10.8f  %-4s  %8s  %8.6f  %+.6e  %+24.6e  %12.8f  %+11.8f", n + 1, u.ratio(), word(u.clip()), measured("%.6f", u.kl()),
                    u.entropy(), u.coefficient(), u.recomputed(),
                    u.logprob(), u.loss());
        }
    }

    private void olderVersion(JsonNode stage, List<TokenRow> rows) {
        int updates = stage.path("iterations").asInt(1);
        if (!rows.isEmpty() && rows.getFirst().updates().size() < updates)
            line("of the %d updates after this rollout an older version of Lucid wrote down the first alone", updates);
    }

    private static String epsilons(JsonNode loss) {
        StringBuilder all = new StringBuilder(String.format(Locale.ROOT, "epsilon_low %s, epsilon_high %s", loss.path("epsilon_low").asText("none"),
                loss.path("epsilon_high").asText("none")));
        if (loss.path("surrogate").asText().equals("cispo")) all.append(", surrogate cispo");
        if (loss.path("ratio").asText().equals("sequence")) all.append(", ratio of the sequence");
        if (loss.path("delta").isNumber()) all.append(", delta ").append(loss.get("delta").asText());
        if (loss.path("kl_times_ratio").asBoolean()) all.append(", KL times ratio");
        return all.toString();
    }

    private static String measured(String format, double x) { return Double.isNaN(x) ? "-" : String.format(Locale.ROOT, format, x); }

    private static String word(PolicyLoss.Clip side) { return side.name().toLowerCase(Locale.ROOT); }

    private static String oneLine(JsonNode completion) { return Console.visible(completion.path("text").asText()).replace('\n', '⏎'); }

    private static String shown(String token) { return Console.visible(token).replace(' ', '␣').replace('\n', '⏎'); }
}
