package lucid.grpo.evaluation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import lucid.grpo.evaluation.BenchmarkRun.Missing;
import lucid.grpo.evaluation.BenchmarkRun.Outcome;
import lucid.video.benchmark.Benchmark;
import lucid.video.benchmark.BenchmarkQuestion;

/// The figures of an evaluation.
///
/// @param all       every question that counts
/// @param kinds     the same by the benchmark's ways of grouping
/// @param headline  the published figure: accuracy of all questions, or the mean over one way of grouping
/// @param chance    what guessing gives
/// @param unparsed  answers without a letter: `found` to how many
/// @param guessed   how many of the counted letters are guesses; `guessedRight` of them right
/// @param unfinished answers that did not end within the tokens they had
/// @param notShown  question to reason, for clips that could not be shown
public record Scores(Benchmark benchmark, Missing missing, int asked, Score all, Map<String, Map<String, Score>> kinds, double headline,
        double chance,
                     Map<Extraction.Found, Integer> unparsed, int guessed, int guessedRight, int unfinished, double meanTokens, double seconds,
                             Map<String, String> notShown) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /// Counts. Questions without answer are left out, but for those whose clip could not be shown, with which `missing` deals.
    public static Scores of(Benchmark benchmark, List<BenchmarkQuestion> questions, Outcome outcome, Missing missing) {
        Score all = new Score(0, 0);
        Map<String, Map<String, Score>> kinds = new LinkedHashMap<>();
        benchmark.kinds().keySet().forEach(k -> kinds.put(k, new LinkedHashMap<>()));
        double chance = 0;
        for (BenchmarkQuestion q : questions) {
            Answer a = outcome.answers().get(q.id());
            if (a == null && !(missing == Missing.WRONG && outcome.notShown().containsKey(q.id()))) continue;
            boolean correct = a != null && a.correct();
            all = all.plus(correct);
            chance += 1.0 / q.choices().size();
            q.kinds().forEach((k, v) -> kinds.get(k).put(v, kinds.get(k).getOrDefault(v, new Score(0, 0)).plus(correct)));
        }
        Map<Extraction.Found, Integer> unparsed = new LinkedHashMap<>();
        for (Extraction.Found f : Extraction.Found.values()) if (f != Extraction.Found.LETTER) unparsed.put(f, 0);
        int guessed = 0;
        int guessedRight = 0;
        int unfinished = 0;
        double tokens = 0;
        double seconds = 0;
        for (Answer a : outcome.answers().values()) {
            if (a.found() != Extraction.Found.LETTER) unparsed.merge(a.found(), 1, Integer::sum);
            guessed += a.guessed() ? 1 : 0;
            guessedRight += a.guessed() && a.correct() ? 1 : 0;
            unfinished += a.ended() ? 0 : 1;
            tokens += a.tokens();
            seconds += a.seconds();
        }
        int asked = outcome.answers().size();
        String over = benchmark.average().over();
        double headline = over == null ? all.accuracy() : kinds.get(over).values().stream().mapToDouble(Score::accuracy).average().orElse(Double.NaN);
        return new Scores(benchmark, missing, asked, all, kinds, headline, chance / Math.max(1, all.questions()), unparsed, guessed,
                guessedRight, unfinished,
                tokens / Math.max(1, asked), seconds, outcome.notShown());
    }

    /// Share of answers without a letter.
    public double parseFailureRate() { return asked == 0 ? 0 : (double) failures() / asked; }

    private int failures() { return unparsed.values().stream().mapToInt(Integer::intValue).sum(); }

    /// As written to `results.json`.
    ///
    /// @param settings what was asked of what
    public ObjectNode toJson(ObjectNode settings) {
        ObjectNode o = JSON.createObjectNode();
        o.put("benchmark", benchmark.name()).put("title", benchmark.title()).put("headline", headline)
                .put("headline_is", benchmark.average().over() == null ? "accuracy" : "mean of accuracies by " + benchmark.average().over());
        score(o, all);
        o.put("chance", chance).put("asked", asked).put("parse_failures", failures()).put("parse_failure_rate", parseFailureRate());
        ObjectNode why = o.putObject("parse_failures_by_reason");
        unparsed.forEach((f, n) -> why.put(f.name().toLowerCase(Locale.ROOT), n));
        o.put("guessed", guessed).put("guessed_right", guessedRight).put("unfinished", unfinished).put("mean_tokens", meanTokens)
                .put("seconds", seconds);
        ObjectNode groups = o.putObject("kinds");
        kinds.forEach((name, values) -> {
            ObjectNode group = groups.putObject(name);
            values.forEach((value, s) -> score(group.putObject(value), s));
        });
        ObjectNode gone = o.putObject("not_shown");
        gone.put("questions", notShown.size()).put("treated", missing.name().toLowerCase(Locale.ROOT)).set("reasons", JSON.valueToTree(notShown));
        o.set("settings", settings);
        return o;
    }

    private static void score(ObjectNode o, Score s) {
        o.put("questions", s.questions()).put("right", s.right()).put("accuracy", s.accuracy());
        o.putArray("interval_95").add(s.low()).add(s.high());
    }

    /// The figures for people.
    public String toText() {
        StringBuilder s = new StringBuilder();
        line(s, "%s: %s of %d questions right", benchmark.title(), all.right(), all.questions());
        line(s, "accuracy %s, chance %.1f %%", share(all), 100 * chance);
        if (benchmark.average().over() != null) line(s, "published figure (mean over %s): %.1f %%", benchmark.average().over(), 100 * headline);
        line(s, "no letter found in %d answers (%.1f %%)%s; %d guessed, %d of those right; %d answers did not end; %.1f tokens an answer", failures(),
                100 * parseFailureRate(), reasons(), guessed,
                guessedRight, unfinished, meanTokens);
        kinds.forEach((name, values) -> {
            line(s, "by %s", name);
            values.forEach((value, score) -> line(s, "  %-28s %s  %d/%d", value, share(score), score.right(), score.questions()));
        });
        if (!notShown.isEmpty()) {
            line(s, "%d questions about clips that could not be shown, %s:", notShown.size(),
                    missing == Missing.WRONG ? "counted as wrong" : "not part of these figures");
            notShown.values().stream().distinct().limit(10).forEach(r -> line(s, "  %s", r));
            if (notShown.values().stream().distinct().count() > 10) line(s, "  ... (all of them in results.json)");
        }
        return s.toString();
    }

    private String reasons() {
        return unparsed.entrySet().stream().filter(e -> e.getValue() > 0).map(e -> e.getValue() + " " + words(e.getKey()))
                .reduce((a, b) -> a + ", " + b).map(r -> ": " + r).orElse("");
    }

    private static String words(Extraction.Found found) {
        return switch (found) {
            case LETTER -> "with a letter";
            case EMPTY -> "with empty answer tags";
            case NO_LETTER -> "with no letter of the options";
            case NO_TAGS -> "without answer tags";
        };
    }

    private static String share(Score s) {
        return String.format(Locale.ROOT, "%5.1f %% [%.1f, %.1f]", 100 * s.accuracy(), 100 * s.low(), 100 * s.high());
    }

    private static void line(StringBuilder s, String format, Object... args) { s.append(String.format(Locale.ROOT, format, args)).append('\n'); }
}
