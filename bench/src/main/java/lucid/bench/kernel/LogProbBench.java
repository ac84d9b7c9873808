package lucid.bench.kernel;

import lucid.bench.Limit;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;
import org.openjdk.jmh.annotations.Benchmark;

/// Log-probabilities of 256 tokens under a head of 20,000 x 1024, and their gradient.
public class LogProbBench extends KernelBench {
    private static final int ROWS = 256;
    private static final int WIDTH = 1024;
    private static final int VOCABULARY = 20_000;

    private Matrix hidden;
    private Matrix head;
    private Matrix dHidden;
    private Matrix dHead;
    private Buffer targets;
    private Buffer logProb;
    private Buffer entropy;
    private Buffer lse;

    @Override void prepare() {
        hidden = random(ROWS, WIDTH);
        head = random(VOCABULARY, WIDTH);
        dHidden = random(ROWS, WIDTH);
        dHead = random(VOCABULARY, WIDTH);
        targets = ints(ROWS, VOCABULARY);
        logProb = floats(ROWS);
        entropy = floats(ROWS);
        lse = floats(ROWS);
        device.logProb().forward(hidden, head, targets, 1, logProb, entropy, lse);
    }

    /// Forward is one product; backward computes the logits again and has two more.
    @Override void limit(String kernel, Limit limit) { limit.arithmetic(workers, (kernel.equals("forward") ? 1 : 3) * 2.0 * ROWS * WIDTH * VOCABULARY); }

    @Benchmark public void forward() { device.logProb().forward(hidden, head, targets, 1, logProb, entropy, lse); }

    @Benchmark public void backward() {
        device.logProb().backward(hidden, head, targets, 1, lse, entropy, RowGroups.single(ROWS), Accumulate.SET, dHidden, dHead);
    }
}
