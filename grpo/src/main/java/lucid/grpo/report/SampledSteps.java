package lucid.grpo.report;

import java.util.ArrayList;
import java.util.List;
import lucid.grpo.run.RunReader;

/// Which steps the report shows token by token: spread over the run, among those where it is known what the update did to each probability.
final class SampledSteps {
    // Groups shown token by token: enough to see the change, small enough to open on a phone.
    private static final int STEPS = 8;

    private SampledSteps() {}

    /// @param steps that have completions and per-token columns, in their order
    static List<Long> of(RunReader run, List<Long> steps) {
        // A step is measured for all its completions or for none, so the first tells.
        List<Long> measured = steps.stream().filter(step -> run.firstOfLedger(step).filter(c -> c.has("after")).isPresent()).toList();
        if (measured.isEmpty()) return spread(steps);
        // A warm-up's first update has learning rate 0: before and after are the same there, which teaches nobody anything.
        List<Long> moved = measured.stream().filter(step -> run.ledger(step).stream().anyMatch(c -> !c.path("after").equals(c.path("logprob"))))
                .toList();
        return spread(moved.isEmpty() ? measured : moved);
    }

    private static List<Long> spread(List<Long> all) {
        if (all.size() <= STEPS) return all;
        List<Long> some = new ArrayList<>();
        for (int i = 0; i < STEPS; i++) some.add(all.get((int) Math.round((double) i * (all.size() - 1) / (STEPS - 1))));
        return some;
    }
}
