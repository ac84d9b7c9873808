package lucid.tensor;

import java.util.Objects;

/// A weight with a name: a leaf in a long-lived scope. Its gradient lives in the same scope, is made when the first contribution arrives, and is
/// freed by [#zeroGrad()]. A step is: any number of forward and backward passes (micro-batches that divide the work between prompt groups, in
/// order), then [#grad()], then the optimiser, then [#zeroGrad()]. However the groups are divided, the gradient has the same bits.
public final class Parameter {
    private final String name;
    private final Tensor value;

    /// Makes the tensor a leaf, trainable.
    public Parameter(String name, Tensor value) {
        this.name = Objects.requireNonNull(name, "name");
        this.value = value.requireGrad();
    }

    /// As in the published checkpoint.
    public String name() { return name; }

    /// The weight itself: a leaf, which operations take as an input.
    public Tensor value() { return value; }

    public Shape shape() { return value.shape(); }

    /// The sum over all uses, f32 of the value's shape; null if nothing has arrived since [#zeroGrad()], refused if a backward failed since. If the
    /// parameter is used more than once in a pass (a tied embedding) this ends the accumulation: the next backward needs [#zeroGrad()] first.
    public Tensor grad() { return value.leaf.gradient(); }

    /// Whether a gradient has arrived since [#zeroGrad()]. Unlike [#grad()], asking ends nothing.
    public boolean hasGrad() { return value.leaf.hasGradient(); }

    /// Frees the gradient.
    public void zeroGrad() { value.leaf.release(); }

    /// False: frozen, no gradient is computed for it, nor for what depends on nothing else.
    public boolean trainable() { return value.leaf.trainable; }

    /// Freezes it or lets it learn again. A gradient that is there stays.
    public Parameter trainable(boolean trainable) {
        value.leaf.trainable = trainable;
        return this;
    }

    @Override public String toString() { return name + " " + value; }
}
