package lucid.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import lucid.kernels.Device;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// Where the backward of an operation puts its results. The first contribution to a gradient overwrites the fresh buffer, later ones are
/// added, so nothing is filled with zeros in vain. A computed tensor's gradient is freed as soon as its own record has used it.
public final class Gradients {
    /// A gradient to write, and how.
    public record Target(Matrix matrix, Accumulate mode) {}

    private final Device device;
    /// The gradient whose record is being walked; null once it was handed on.
    private Matrix current;
    /// What operations compute beside gradients: empty between records, unless one failed.
    private final List<Matrix> temporaries = new ArrayList<>();
    /// Leaves whose gradient this walk has written to.
    private final Set<Leaf> leaves = new HashSet<>();

    Gradients(Device device) { this.device = device; }

    /// Starts a record; returns what was current before (records of a checkpoint run inside the checkpoint's own).
    Matrix begin(Matrix dy) {
        Matrix outer = current;
        current = dy;
        return outer;
    }

    void end(Matrix dy, Matrix outer) {
        if (current == dy) dy.buffer().close();
        current = outer;
    }

    /// Whether a gradient for x is wanted.
    boolean wants(Tensor x) { return x != null && x.requiresGrad(); }

    /// The gradient of x, for a kernel that knows both modes.
    Target into(Tensor x) {
        if (x.leaf != null) {
            if (x.useNumber() < 0)
                throw new IllegalStateException("backward: " + x + " was frozen in the forward pass and is trainable now; run the forward again");
            boolean fresh = x.leaf.fresh(x.useNumber());
            Matrix slot = x.leaf.slot(x.useNumber(), x.matrix());
            leaves.add(x.leaf);
            return new Target(slot, fresh ? Accumulate.SET : Accumulate.ADD);
        }
        if (x.state == Tensor.State.CONSUMED) {
            throw new IllegalStateException("backward: " + x + " belongs to a part of the tape that an earlier backward has walked; sum the losses "
                    + "and walk once, or compute it again");
        }
        if (x.gradient != null) return new Target(x.gradient, Accumulate.ADD);
        x.gradient = allocate(x.matrix().rows(), x.matrix().cols());
        return new Target(x.gradient, Accumulate.SET);
    }

    /// The gradient of x, for a kernel that only adds.
    Matrix adding(Tensor x) {
        Target t = into(x);
        if (t.mode == Accumulate.SET) device.elementwise().fill(t.matrix, 0f);
        return t.matrix;
    }

    /// As [#adding], for a kernel that writes the gradient of `other` in the same call. Where both inputs are one tensor, and so have one gradient,
    /// this is a temporary of zeros, to be given to [#finish] afterwards.
    Target addingBeside(Tensor x, Tensor... others) {
        if (x.leaf != null || Arrays.stream(others).noneMatch(o -> o == x)) return new Target(adding(x), Accumulate.SET);
        Target t = new Target(temporary(x.matrix().rows(), x.matrix().cols()), Accumulate.ADD);
        device.elementwise().fill(t.matrix, 0f);
        return t;
    }

    /// Adds a finished contribution (or copies it, if it is the first).
    void add(Tensor x, Matrix dx) {
        Target t = into(x);
        if (t.mode == Accumulate.SET) device.elementwise().copy(dx, t.matrix);
        else device.elementwise().binary(Binary.ADD, t.matrix, dx, t.matrix);
    }

    /// For kernels that only overwrite: a matrix to write to, to be given to [#finish] afterwards.
    Target overwriting(Tensor x) {
        Target t = into(x);
        return t.mode == Accumulate.SET ? t : new Target(temporary(t.matrix.rows(), t.matrix.cols()), Accumulate.ADD);
    }

    /// Second half of [#overwriting] and of [#addingBeside].
    void finish(Tensor x, Target written) {
        if (written.mode == Accumulate.SET) return;
        Matrix dx = into(x).matrix;
        device.elementwise().binary(Binary.ADD, dx, written.matrix, dx);
        free(written.matrix);
    }

    /// As [#overwriting], for kernels that always compute all gradients: what nobody wants goes to a temporary.
    Target overwritingOrScrap(Tensor x) {
        return wants(x) ? overwriting(x) : new Target(temporary(x.matrix().rows(), x.matrix().cols()), Accumulate.ADD);
    }

    void finishOrScrap(Tensor x, Target written) {
        if (wants(x)) finish(x, written);
        else free(written.matrix);
    }

    /// The contribution to x is dy itself, seen in x's shape. If x has no gradient yet, dy's buffer becomes it. Must be the last that a backward does
    /// with dy.
    void pass(Tensor x, Matrix dy) {
        Matrix seen = Matrix.of(dy.buffer(), x.matrix().rows(), x.matrix().cols());
        if (x.leaf == null && x.gradient == null && x.state == Tensor.State.RECORDED && dy == current) {
            x.gradient = seen;
            current = null;
        } else {
            add(x, seen);
        }
    }

    /// Undefined contents, until [#free].
    Matrix temporary(int rows, int cols) {
        Matrix m = allocate(rows, cols);
        temporaries.add(m);
        return m;
    }

    void free(Matrix temporary) {
        temporaries.remove(temporary);
        temporary.buffer().close();
    }

    private Matrix allocate(int rows, int cols) { return Matrix.of(device.allocate(DType.F32, (long) rows * cols), rows, cols); }

    /// The walk failed: frees what it held. The leaves it has written to, whose gradients lack a part or have one that was never computed, say so
    /// from now on.
    void abandon() {
        for (Matrix m : temporaries) m.buffer().close();
        leaves.forEach(Leaf::fail);
    }
}
