package lucid.grpo.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Which steps the report shows token by token: spread over the run, among those where it is known what the update did to each probability.
final class SampledSteps {
    // Groups shown token by token: enough to see the change, small enough to open on a phone.
    private static final int STEPS = 8;

    private SampledSteps() {}

    /// @param ledgers of all steps, in their order
    static List<Path> of(List<Path> ledgers) throws IOException {
        List<Path> measured = new ArrayList<>();
        for (Path ledger : ledgers) if (isMeasured(ledger)) measured.add(ledger);
        if (measured.isEmpty()) return spread(ledgers);
        // A warm-up's first update has learning rate 0: before and after are the same there, which teaches nobody anything.
        List<Path> moved = new ArrayList<>();
        for (Path ledger : measured) if (hasMoved(ledger)) moved.add(ledger);
        return spread(moved.isEmpty() ? measured : moved);
    }

    // A step is measured for all its completions or for none, so the first tells.
    private static boolean isMeasured(Path ledger) throws IOException {
        try (Stream<JsonNode> completions = RunFiles.lines(ledger)) {
            Optional<JsonNode> first = completions.findFirst();
            return first.isPresent() && first.get().has("after");
        }
    }

    private static boolean hasMoved(Path ledger) throws IOException {
        try (Stream<JsonNode> completions = RunFiles.lines(ledger)) {
            return completions.anyMatch(c -> !c.path("after").equals(c.path("logprob")));
        }
    }

    private static List<Path> spread(List<Path> all) {
        if (all.size() <= STEPS) return all;
        List<Path> some = new ArrayList<>();
        for (int i = 0; i < STEPS; i++) some.add(all.get((int) Math.round((double) i * (all.size() - 1) / (STEPS - 1))));
        return some;
    }
}
