package lucid.bench.kernel;

import lucid.bench.probe.Limit;
import lucid.kernels.contract.Sampling.Rule;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import org.openjdk.jmh.annotations.Benchmark;

/// One token for each of 8 rows over a vocabulary of 151,936, with and without filters (the logits are read once), the filtered probabilities, and as
/// many normal numbers.
public class SamplingBench extends KernelBench {
    private static final int ROWS = 8;
    private static final int VOCABULARY = 151_936;

    private static final Rule FILTERED = new Rule(false, 1, 50, 0.9f, 0);

    private Matrix logits;
    private Matrix out;
    private Buffer counters;
    private Buffer ids;

    @Override void prepare() {
        logits = random(ROWS, VOCABULARY);
        out = random(ROWS, VOCABULARY);
        counters = ints(4 * ROWS, 1000);
        ids = ints(ROWS, 1);
    }

    @Override void limit(String kernel, Limit limit) { memory(limit, (kernel.equals("probabilities") ? 2 : 1) * 4.0 * ROWS * VOCABULARY); }

    @Override Comparison comparison(String kernel) { return new Comparison(kernel, this::greedy, Matrix.row(ids), 0, logits); }

    @Benchmark public void greedy() { device.sampling().sample(Rule.GREEDY, logits, 1, counters, ids); }

    @Benchmark public void greedy_libtorch() { peer(); }

    @Benchmark public void temperature() { device.sampling().sample(Rule.temperature(1), logits, 1, counters, ids); }

    @Benchmark public void filtered() { device.sampling().sample(FILTERED, logits, 1, counters, ids); }

    @Benchmark public void probabilities() { device.sampling().probabilities(FILTERED, logits, out); }

    @Benchmark public void normal() { device.sampling().normal(1, 0, 1, out); }
}
