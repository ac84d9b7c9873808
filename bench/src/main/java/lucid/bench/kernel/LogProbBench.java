package lucid.bench.kernel;

import java.util.Arrays;
import lucid.bench.probe.Limit;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.openjdk.jmh.annotations.Benchmark;

/// Log-probabilities of 256 tokens under a head of 20,000 x 1024, and their gradient; the same and the cross-entropy from logits that exist; the
/// terms of the clipped loss for 65,536 tokens.
public class LogProbBench extends KernelBench {
    private static final int ROWS = 256;
    private static final int WIDTH = 1024;
    private static final int VOCABULARY = 20_000;
    private static final int TOKENS = 65_536;
    private static final LogProb.ClippedLoss CLIPPED = new LogProb.ClippedLoss(0.2f, 0.2f, 0.04f, 10);

    private Matrix hidden;
    private Matrix head;
    private Matrix dHidden;
    private Matrix dHead;
    private Buffer targets;
    private Buffer logProb;
    private Buffer entropy;
    private Buffer lse;
    private Matrix logits;
    private Matrix dLogits;
    private Buffer[] columns;

    @Override void prepare() {
        hidden = random(ROWS, WIDTH);
        head = random(VOCABULARY, WIDTH);
        dHidden = random(ROWS, WIDTH);
        dHead = random(VOCABULARY, WIDTH);
        targets = ints(ROWS, VOCABULARY);
        logProb = floats(ROWS);
        entropy = floats(ROWS);
        lse = floats(ROWS);
        logits = random(ROWS, VOCABULARY);
        dLogits = random(ROWS, VOCABULARY);
        columns = new Buffer[9];
        Arrays.setAll(columns, _ -> floats(TOKENS));
        device.logProb().forward(hidden, head, targets, 1, logProb, entropy, lse);
    }

    /// Forward is one product; backward computes the logits again and has two more. The rest reads and writes what it is given once; the terms of the
    /// loss are five columns read and four written.
    @Override void limit(String kernel, Limit limit) {
        double product = 2.0 * ROWS * WIDTH * VOCABULARY;
        double matrix = 4.0 * ROWS * VOCABULARY;
        switch (kernel) {
            case "forward" -> limit.arithmetic(workers, product);
            case "backward" -> limit.arithmetic(workers, 3 * product);
            case "ofLogits", "crossEntropy" -> memory(limit, matrix);
            case "crossEntropyBackward" -> memory(limit, 2 * matrix);
            case "ratio" -> memory(limit, 9 * 4.0 * TOKENS);
            default -> throw new IllegalArgumentException("no work is known for " + kernel);
        }
    }

    @Override Comparison comparison(String kernel) {
        return new Comparison(kernel, this::crossEntropy, Matrix.row(logProb), 1e-5, logits, Matrix.row(targets));
    }

    @Benchmark public void forward() { device.logProb().forward(hidden, head, targets, 1, logProb, entropy, lse); }

    @Benchmark public void backward() {
        device.logProb().backward(hidden, head, targets, 1, lse, entropy, RowGroups.single(ROWS), Accumulate.SET, dHidden, dHead);
    }

    @Benchmark public void ofLogits() { device.logProb().ofLogits(logits, targets, 1, logProb, entropy, lse); }

    @Benchmark public void crossEntropy() { device.logProb().crossEntropy(logits, targets, logProb, lse); }

    @Benchmark public void crossEntropy_libtorch() { peer(); }

    @Benchmark public void crossEntropyBackward() { device.logProb().crossEntropyBackward(logits, targets, lse, logProb, Accumulate.SET, dLogits); }

    @Benchmark public void ratio() {
        device.logProb().ratio(CLIPPED, columns[0], columns[1], columns[2], columns[3], columns[4], columns[5], columns[6], columns[7], columns[8]);
    }
}
