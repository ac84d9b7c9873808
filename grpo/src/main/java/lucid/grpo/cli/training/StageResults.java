package lucid.grpo.cli.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/// The stages of `summary.json`: one entry for each phase that was evaluated, with the steps and the time of all the recipe's stages that it is made
/// of.
final class StageResults {
    private StageResults() {}

    /// @param results of all finished stages, in order, as [lucid.grpo.run.RunState#results] keeps them: `steps` of that stage alone, `seconds` since
    /// the run's start
    static List<ObjectNode> of(List<JsonNode> results) {
        List<ObjectNode> stages = new ArrayList<>();
        int steps = 0;
        double begun = 0;
        for (JsonNode r : results) {
            steps += r.path("steps").asInt();
            if (!r.has("accuracy")) continue;
            double now = r.path("seconds").asDouble();
            stages.add(((ObjectNode) r.deepCopy()).put("steps", steps).put("seconds", now - begun));
            steps = 0;
            begun = now;
        }
        return stages;
    }
}
