package lucid.grpo.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// Where a run stands. Everything that is random or chosen is a function of (seed, stage, step), so this is all that a resumed run needs
/// beside the weights and the optimiser's moments.
///
/// @param stageIndex    stage that was being trained
/// @param stage         its name
/// @param step          optimiser steps of it that are done
/// @param stageComplete whether it is finished (evaluated, too)
/// @param totalSteps    steps of all stages so far
/// @param hash          head of the hash chain
/// @param metricsBytes  length of metrics.jsonl at this point
/// @param eventsBytes   length of the TensorBoard file
/// @param seconds       training time so far
/// @param results       what the finished stages showed, one JSON object each; its `seconds` count from the run's start
public record RunState(int stageIndex, String stage, int step, boolean stageComplete, long totalSteps, String hash, long metricsBytes,
        long eventsBytes,
                       double seconds, List<JsonNode> results) {
    /// The file's name in a checkpoint.
    public static final String FILE = "state.json";
    /// How the name of a finished stage's checkpoint ends.
    static final String DONE = "-done";
    private static final Pattern FOLDER = Pattern.compile("\\d{2}-.+-\\d{6}(" + DONE + ")?");

    /// Nothing done yet.
    public static RunState start(String hash) { return new RunState(0, "", 0, false, 0, hash, 0, 0, 0, List.of()); }

    RunState withLengths(long metrics, long events) {
        return new RunState(stageIndex, stage, step, stageComplete, totalSteps, hash, metrics, events, seconds, results);
    }

    /// The state with one more finished stage.
    public RunState complete(JsonNode result, double secondsNow) {
        List<JsonNode> all = new ArrayList<>(results);
        all.add(result);
        return new RunState(stageIndex, stage, step, true, totalSteps, hash, metricsBytes, eventsBytes, secondsNow, all);
    }

    /// Whether a name is one that [#folderName] gives. What else lies among a run's checkpoints is somebody's own: a copy that is to be kept, or a
    /// model that was made of one.
    static boolean isFolderName(String name) { return FOLDER.matcher(name).matches(); }

    String folderName() { return String.format(Locale.ROOT, "%02d-%s-%06d%s", stageIndex, stage, step, stageComplete ? DONE : ""); }
}
