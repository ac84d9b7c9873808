package lucid.grpo.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// The steps that a run has, by stage, as its metrics and its recipe say: for messages about one that is not there.
public final class RunSteps {
    // The gaps of a record that somebody has cut to pieces are not all shown.
    private static final int SHOWN = 8;

    private final RunReader run;
    private final JsonNode config;
    private final List<Span> spans = new ArrayList<>();

    /// Steps one after the other.
    ///
    /// @param kind of their stage: `GRPO` or `supervised`
    private record Span(String stage, String kind, long first, long last) {
        boolean holds(long step) { return step >= first && step <= last; }

        String range() { return first == last ? "" + first : first + " .. " + last; }

        @Override public String toString() { return range() + " " + stage + " (" + kind + ")"; }
    }

    public RunSteps(RunReader run) {
        this.run = run;
        config = run.config();
        for (JsonNode line : run.metrics()) add(line.path("stage").asText(), kind(line.path("stage").asText()), line.path("step").asLong(), spans);
    }

    private static void add(String stage, String kind, long step, List<Span> spans) {
        Span before = spans.isEmpty() ? null : spans.getLast();
        if (before != null && before.stage.equals(stage) && before.last + 1 == step)
            spans.set(spans.size() - 1, new Span(stage, kind, before.first, step));
        else spans.add(new Span(stage, kind, step, step));
    }

    private String kind(String stage) {
        for (JsonNode s : config.path("recipe").path("stages"))
            if (s.path("name").asText().equals(stage)) return s.path("kind").asText().equals("grpo") ? "GRPO" : s.path("kind").asText("supervised");
        return "no stage of config.json";
    }

    /// Why a file of a step is not there, which steps have one, and what would make it.
    ///
    /// @param what  `rollouts` or `ledger`
    /// @param there steps that have one, ascending
    String missing(long step, String what, Path file, List<Long> there) {
        Span of = spans.stream().filter(s -> s.holds(step)).findFirst().orElse(null);
        String steps = ". The run has " + this + ". ";
        if (of == null)
            return run.root() + " has no step " + step + steps + having(what, there)
                    + (config.has("replay_of") ? "; " + replay(step) + " may have that step" : "");
        if (!of.kind.equals("GRPO")) {
            return run.root() + ": step " + step + " has no completions: its stage " + of.stage + " is " + of.kind
                    + ", and only GRPO steps draw any (what it measured is in metrics.jsonl)" + steps + having(what, there);
        }
        return file + ": no such file, though step " + step + " is one of the GRPO stage " + of.stage + steps + having(what, there) + "; "
                + replay(step) + " makes it again, for lucid inspect DIR --step " + step;
    }

    private static String having(String what, List<Long> there) {
        List<Span> spans = new ArrayList<>();
        for (long step : there) add(what, "", step, spans);
        String things = what.equals("ledger") ? "a ledger" : "completions";
        return there.isEmpty() ? "None has " + things : "With " + things + ": " + shown(spans.stream().map(Span::range).toList());
    }

    // Steps of a replay are made again from the run itself; one that began from a model needs that again.
    private String replay(long step) {
        return "lucid replay " + config.path("replay_of").asText(run.root().toString()) + " --step " + step + " --out DIR"
                + (config.hasNonNull("base_fingerprint") ? " --model MODEL" : "");
    }

    private static String shown(List<String> all) {
        return all.stream().limit(SHOWN).collect(Collectors.joining(", "))
                + (all.size() > SHOWN ? " and " + (all.size() - SHOWN) + " more such" : "");
    }

    /// `8 steps: 1 .. 2 talk (supervised), 3 .. 8 grpo (GRPO)`, and how many there will be where it is not over.
    @Override public String toString() {
        if (spans.isEmpty()) return "no line of any step in metrics.jsonl";
        long done = spans.stream().mapToLong(s -> s.last - s.first + 1).sum();
        long planned = 0;
        for (JsonNode stage : config.path("recipe").path("stages")) planned += stage.path("steps").asLong();
        String whole = config.has("replay_of") ? " replayed of " + config.get("replay_of").asText() : planned > done ? " of " + planned : "";
        return done + (done == 1 && whole.isEmpty() ? " step" : " steps") + whole + ": " + shown(spans.stream().map(Span::toString).toList());
    }
}
