package lucid.grpo.cli.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import lucid.grpo.console.Console;
import lucid.grpo.console.Interruption;
import lucid.grpo.console.Json;
import lucid.grpo.data.Control;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.report.Report;
import lucid.grpo.run.Disk;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunState;
import lucid.grpo.session.Session;
import lucid.grpo.train.Evaluation;
import lucid.grpo.train.Evaluator;
import lucid.grpo.train.Trainer;
import lucid.nn.disk.JsonText;
import lucid.video.VideoException;

/// Runs a session's stages to the end, with Ctrl-C honoured, then writes controls, summary and report. Shared by the commands that train.
final class Training {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Session session;
    private final Path out;
    private final String goOn;
    private final Console console;

    /// @param goOn the options with which the same command goes on, should it be stopped
    Training(Session session, Path out, String goOn, Console console) {
        this.session = session;
        this.out = out;
        this.goOn = goOn;
        this.console = console;
    }

    /// @param expected the hash that this run should end on, or null if none is known
    /// @return true if the run is complete, false if it was stopped
    boolean run(boolean resume, String expected) {
        try (RunFolder folder = session.folder(out, resume)) {
            if (resume && folder.latest().isEmpty())
                console.line("nothing to resume in " + out + " (no checkpoint is there): the run begins at its first step");
            if (!heldOut()) console.line("no held-out questions (--eval-questions FILE): accuracy is not measured");
            int seen = session.data().heldOutSeen();
            if (seen > 0) {
                console.line(seen + " of " + session.data().heldOut(0, TrainingData.Mode.DIRECT).size()
                        + " held-out questions are about clips that are trained on: their accuracy says little about clips that the model has never "
                        + "seen");
            }
            Trainer trainer = session.trainer(folder);
            // Ctrl-C: the step or the questions in progress are finished, and what is done is saved, before the process ends, for a large model after
            // many minutes. One for all of it: a process that is ending takes no second one.
            try (Interruption _ = Interruption.of(() -> stop(trainer))) {
                RunState state = trainer.run();
                Optional<ArrayNode> controls = controls(trainer::isStopping);
                if (controls.isEmpty()) {
                    console.line("stopped after step " + state.totalSteps() + "; " + goOn + " goes on from there");
                    return false;
                }
                Disk.text(out.resolve("summary.json"), JsonText.pretty(summary(state, session.recipe().seed(), expected, controls.get())));
                console.line("report: " + Report.of(out, null, console::line).write());
                return true;
            } catch (RuntimeException e) {
                String cause = e instanceof VideoException ? "once the clip below can be read as it was" : "once the cause below is gone";
                String other = e instanceof VideoException ? " (a clip that was mended is another one, and makes another run: --model " + out
                        + " with another --out begins it with these weights)" : "";
                folder.latest().ifPresent(last -> console.line("failed; the run is kept as it was after step " + RunFolder.state(last).totalSteps()
                        + ": " + cause + ", the same command with "
                        + goOn + " goes on from there" + other));
                throw e;
            }
        }
    }

    private boolean heldOut() { return !session.data().heldOut(1, TrainingData.Mode.DIRECT).isEmpty(); }

    private void stop(Trainer trainer) {
        console.line("stopping after the step or the questions in progress; the run is being saved ... (Ctrl-C again ends at once, and " + goOn
                + " goes on from the checkpoint before)");
        trainer.stop();
    }

    /// What `summary.json` holds.
    ///
    /// @param controls what [#controls] found
    static ObjectNode summary(RunState state, long seed, String expected, ArrayNode controls) {
        ObjectNode summary = JSON.createObjectNode();
        summary.put("seconds", state.seconds()).put("seed", seed).put("final_hash", state.hash()).put("expected_hash", expected);
        for (JsonNode c : controls) {
            switch (Control.valueOf(c.get("control").asText())) {
                case BLANK -> summary.set("blind_accuracy", c.get("accuracy"));
                case SHUFFLED -> summary.set("shuffled_accuracy", c.get("accuracy"));
                case REVERSED -> {
                    if (c.get("order_questions").asInt() > 0) summary.set("reversed_accuracy", c.get("order_accuracy"));
                }
                default -> { }
            }
        }
        ArrayNode stages = summary.putArray("stages");
        StageResults.of(state.results()).forEach(stages::add);
        summary.set("controls", controls);
        return summary;
    }

    // Empty once the end is asked for.
    private Optional<ArrayNode> controls(BooleanSupplier stop) {
        if (stop.getAsBoolean()) return Optional.empty();
        ArrayNode all = JSON.createArrayNode();
        int questions = session.recipe().evaluation().controls();
        if (questions == 0 || !heldOut()) return Optional.of(all);
        Evaluator evaluator = new Evaluator(session.policy(), session.data(), session.tokenizer(), session.recipe().evaluation());
        TrainingData.Mode mode = Evaluator.mode(session.recipe().stages().getLast());
        List<Prompt> prompts = session.data().heldOut(questions, mode);
        boolean oneClip = prompts.stream().mapToInt(Prompt::clip).distinct().count() == 1;
        for (Control control : Control.values()) {
            if (control == Control.OTHER && oneClip) {
                console.line("control other is left out: the held-out questions are all about one clip, " + session.data()
                        .clipName(prompts.getFirst().clip()));
                continue;
            }
            Optional<Evaluation> asked;
            try (Console.Bar bar = console.bar("control " + control.name().toLowerCase(Locale.ROOT), prompts.size())) {
                asked = evaluator.run(mode, questions, control, session.recipe().seed(), stop, bar::update);
            }
            if (asked.isEmpty()) return Optional.empty();
            Evaluation e = asked.get();
            ObjectNode c = Json.tree(e);
            c.put("control", control.name()).put("name", control.name().toLowerCase(Locale.ROOT)).put("note", note(control, e));
            all.add(c);
        }
        return Optional.of(all);
    }

    private static String note(Control control, Evaluation e) {
        return control == Control.REVERSED && e.orderQuestions() > 0
                ? String.format(Locale.ROOT, "%s (%.1f %% of order-dependent answers are the reversed clip's)", control.note(), 100 * e.asReversed())
                        : control.note();
    }
}
