package lucid.nn.layer;

import java.util.List;
import java.util.function.UnaryOperator;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// A stack of blocks, each fed with the one before.
public final class Blocks {
    private Blocks() {}

    /// Runs the blocks. Without gradients the temporaries of a block, and its input, are freed as soon as its output is there: a tower over
    /// 16 frames of 729 patches would otherwise hold more than 20 GB.
    public static Tensor run(Tensor x, List<? extends UnaryOperator<Tensor>> blocks) {
        if (Tape.gradEnabled() || blocks.isEmpty()) {
            for (UnaryOperator<Tensor> block : blocks) x = block.apply(x);
            return x;
        }
        Scope previous = null;
        try {
            for (UnaryOperator<Tensor> block : blocks) {
                Scope output = Scope.holding(x.device());
                try (Scope _ = Scope.open(x.device())) {
                    x = output.adopt(block.apply(x));
                } finally {
                    if (previous != null) previous.close();
                    previous = output;
                }
            }
            return x.copy();
        } finally {
            if (previous != null) previous.close();
        }
    }
}
