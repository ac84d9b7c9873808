package lucid.kernels.contract.check;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.contract.operand.DType.I32;

import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// What every device demands of the arguments of [LogProb]. The targets' values are looked at by [#targets], which a device calls when it has read
/// them.
public final class LogProbArguments {
    private LogProbArguments() {}

    /// Of [LogProb#forward]; top may be null.
    public static void forward(String operation, Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer logProb, Buffer entropy,
            Buffer lse, Buffer top) {
        product(operation, hidden, head, targets, temperature);
        outputs(operation, hidden.rows(), logProb, entropy, lse);
        if (top != null) Checks.buffer(operation, "top", top, hidden.rows(), F32);
    }

    /// Of [LogProb#ofLogits].
    public static void ofLogits(String operation, Matrix logits, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse) {
        Checks.type(operation, "logits", logits, F32);
        temperature(operation, temperature);
        Checks.buffer(operation, "targets", targets, logits.rows(), I32);
        outputs(operation, logits.rows(), logProb, entropy, lse);
    }

    /// Of [LogProb#backward]; dHidden and dHead may be null.
    public static void backward(String operation, Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer lse, Buffer dLogProb,
            RowGroups groups,
                                Accumulate mode, Matrix dHidden, Matrix dHead) {
        product(operation, hidden, head, targets, temperature);
        Checks.buffer(operation, "lse", lse, hidden.rows(), F32);
        Checks.buffer(operation, "dLogProb", dLogProb, hidden.rows(), F32);
        Checks.groups(operation, groups, hidden.rows());
        Checks.present(operation, "mode", mode);
        if (dHidden != null) gradient(operation, "dHidden", dHidden, hidden, hidden, head);
        if (dHead != null) gradient(operation, "dHead", dHead, head, hidden, head);
        if (dHidden != null && dHead != null) Checks.apart(operation, "dHead", dHead, "dHidden", dHidden);
    }

    /// Of [LogProb#ratio]; reference may be null. Returns how many tokens there are.
    public static int ratio(String operation, LogProb.ClippedLoss settings, Buffer logProb, Buffer old, Buffer reference, Buffer advantage,
            Buffer weight, Buffer ratio,
                            Buffer kl, Buffer loss, Buffer coefficient) {
        Checks.present(operation, "settings", settings);
        Checks.present(operation, "logProb", logProb);
        long tokens = logProb.length();
        Buffer[] all = {logProb, old, advantage, weight, ratio, kl, loss, coefficient};
        String[] names = {"logProb", "old", "advantage", "weight", "ratio", "kl", "loss", "coefficient"};
        for (int i = 0; i < all.length; i++) Checks.buffer(operation, names[i], all[i], tokens, F32);
        if (reference != null) Checks.buffer(operation, "reference", reference, tokens, F32);
        return Math.toIntExact(tokens);
    }

    /// Of [LogProb#crossEntropy].
    public static void crossEntropy(String operation, Matrix logits, Buffer targets, Buffer loss, Buffer lse) {
        Checks.type(operation, "logits", logits, F32);
        Checks.buffer(operation, "targets", targets, logits.rows(), I32);
        Checks.buffer(operation, "loss", loss, logits.rows(), F32);
        Checks.buffer(operation, "lse", lse, logits.rows(), F32);
    }

    /// Of [LogProb#crossEntropyBackward].
    public static void crossEntropyBackward(String operation, Matrix logits, Buffer targets, Buffer lse, Buffer dLoss, Accumulate mode,
            Matrix dLogits) {
        Checks.type(operation, "logits", logits, F32);
        Checks.buffer(operation, "targets", targets, logits.rows(), I32);
        Checks.buffer(operation, "lse", lse, logits.rows(), F32);
        Checks.buffer(operation, "dLoss", dLoss, logits.rows(), F32);
        Checks.present(operation, "mode", mode);
        Checks.like(operation, "dLogits", dLogits, "logits", logits);
        Checks.sameOrApart(operation, "dLogits", dLogits, "logits", logits);
    }

    /// Every target is a vocabulary entry, or [LogProb#IGNORED] where that is allowed.
    public static void targets(String operation, int[] targets, int vocabulary, boolean mayIgnore) {
        for (int r = 0; r < targets.length; r++) {
            if (!mayIgnore || targets[r] != LogProb.IGNORED) Checks.index(operation, "targets", r, targets[r], vocabulary);
        }
    }

    private static void product(String operation, Matrix hidden, Matrix head, Buffer targets, float temperature) {
        Checks.type(operation, "hidden", hidden, F32);
        Checks.type(operation, "head", head, F32, BF16, F16);
        Checks.that(hidden.cols() == head.cols(), operation, "hidden is " + hidden.describe() + " and head is " + head.describe()
                + "; wanted equal columns (the width)");
        temperature(operation, temperature);
        Checks.buffer(operation, "targets", targets, hidden.rows(), I32);
    }

    private static void temperature(String operation, float temperature) {
        Checks.that(temperature > 0, operation, "temperature is " + temperature + "; wanted > 0");
    }

    private static void outputs(String operation, int rows, Buffer logProb, Buffer entropy, Buffer lse) {
        Checks.buffer(operation, "logProb", logProb, rows, F32);
        Checks.buffer(operation, "entropy", entropy, rows, F32);
        Checks.buffer(operation, "lse", lse, rows, F32);
    }

    private static void gradient(String operation, String name, Matrix gradient, Matrix of, Matrix hidden, Matrix head) {
        Checks.shape(operation, name, gradient, of.rows(), of.cols(), F32);
        Checks.apart(operation, name, gradient, "hidden", hidden);
        Checks.apart(operation, name, gradient, "head", head);
    }
}
