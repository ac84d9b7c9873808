package lucid.tensor;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// Where gradients end: a tensor that was not computed. Its gradient is kept in one slot per use, in the order of use within a forward pass.
///
/// Reason: with a tied embedding (gathered, and multiplied as head) a single sum would mix the two uses in an order that depends on how
/// groups are divided into micro-batches. Each slot grows group by group, and slots are added at the very end, so any division gives the same bits.
final class Leaf {
    /// The gradient of one use, dense; `where` is the part of the leaf that was used (a view, or all of it).
    private record Slot(Matrix where, Tensor gradient) {}

    private final Storage storage;
    private final Matrix base;
    private final Shape shape;
    private final List<Slot> slots = new ArrayList<>(1);
    private boolean combined;
    /// A backward failed that had written to this gradient.
    private boolean failed;
    boolean trainable = true;
    private long pass = -1;
    private int uses;

    Leaf(Storage storage, Matrix base, Shape shape) {
        this.storage = storage;
        this.base = base;
        this.shape = shape;
    }

    /// Number of the next use in the running forward pass.
    int nextUse(long currentPass) {
        if (pass != currentPass) {
            pass = currentPass;
            uses = 0;
        }
        return uses++;
    }

    boolean fresh(int use) { return use >= slots.size() || slots.get(use) == null; }

    /// The gradient matrix of one use; made (undefined contents) if it is fresh.
    Matrix slot(int use, Matrix where) {
        checkWhole();
        if (combined) {
            throw new IllegalStateException("backward: the gradient of " + shape + " was already combined from that of its uses by grad();"
                    + " call zeroGrad() before accumulating anew");
        }
        while (slots.size() <= use) slots.add(null);
        Slot slot = slots.get(use);
        if (slot == null) {
            slot = new Slot(where, Tensor.undefined(storage.owner, DType.F32, new Shape(where.rows(), where.cols())));
            slots.set(use, slot);
        } else if (!slot.where.equals(where)) {
            throw new IllegalStateException("backward: use " + use + " of " + shape + " was another part of it in the forward pass before; "
                    + "every pass between zeroGrad() and grad() must use a leaf in the same order;"
                    + " parts that change are rows by index, gatherRows()");
        }
        return slot.gradient.matrix();
    }

    @Override public String toString() { return base.describe(); }

    boolean hasGradient() { return failed || !slots.isEmpty(); }

    /// All slots added in order of use; null if nothing was accumulated.
    Tensor gradient() {
        checkWhole();
        if (slots.isEmpty()) return null;
        Slot only = slots.size() == 1 ? slots.getFirst() : null;
        if (only == null || only.gradient.shape().size() != shape.size()) combine();
        return slots.getFirst().gradient.detachedAs(shape);
    }

    private void combine() {
        if (combined) return;
        var elementwise = storage.tape.device().elementwise();
        Tensor total = Tensor.undefined(storage.owner, DType.F32, new Shape(base.rows(), base.cols()));
        Matrix all = total.matrix();
        elementwise.fill(all, 0f);
        for (Slot slot : slots) {
            if (slot == null) continue;
            Matrix w = slot.where;
            elementwise.addScaled(1f, slot.gradient.matrix(), new Matrix(all.buffer(), w.offset() - base.offset(), w.rows(), w.cols(), w.stride()));
        }
        release();
        slots.add(new Slot(base, total));
        combined = true;
    }

    /// The leaf has another scope now, and its gradient lives where it does.
    void moved() {
        for (Slot slot : slots) if (slot != null && slot.gradient.isAlive()) storage.owner.take(slot.gradient.storage());
    }

    /// Gives the gradient memory back, unless its scope has; the next contribution starts anew.
    void release() {
        for (Slot slot : slots) if (slot != null && slot.gradient.isAlive()) slot.gradient.storage().free();
        slots.clear();
        combined = false;
        failed = false;
    }

    /// Gives up a gradient that a failed backward has left in pieces; until [#release] nobody gets it, and nobody adds to it.
    void fail() {
        release();
        failed = true;
    }

    private void checkWhole() {
        if (failed)
            throw new IllegalStateException("the gradient of " + this + " is incomplete since a backward failed; call zeroGrad() and run every pass "
                    + "of the step again");
    }
}
