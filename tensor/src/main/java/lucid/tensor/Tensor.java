package lucid.tensor;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.UnaryOperator;
import lucid.kernels.Device;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Numbers on a device, with a shape and, if asked for, a gradient.
///
/// Operations see a matrix: rows are all dimensions but the last, flattened; columns are the last. What is computed is f32, what is only copied
/// (`copy`, `concatRows`, `concatCols`) keeps its type; both are dense and belong to the innermost open [Scope]. `reshape`, `rows`, `cols` and
/// `withRowGroups` are views of the same memory, and the rows of a range of columns are not adjacent in it. Ops that keep rows pass [#rowGroups()]
/// on; ops that change them (concat, reshape to other rows, row ranges) give one group unless [#withRowGroups] says otherwise; gather and patch
/// embedding, whose own gradients depend on the groups, take them as an argument.
public final class Tensor {
    /// PASSING: computed in the first run of a checkpointed block. CONSUMED: its record was walked by a backward.
    enum State { CONSTANT, PASSING, RECORDED, CONSUMED }

    private final Storage storage;
    private final Matrix matrix;
    private final Shape shape;
    private int useNumber = -1;
    Leaf leaf;
    RowGroups groups;
    State state = State.CONSTANT;
    /// While a backward runs: what has arrived so far, dense.
    Matrix gradient;

    Tensor(Storage storage, Matrix matrix, Shape shape) {
        this.storage = storage;
        this.matrix = matrix;
        this.shape = shape;
    }

    // Creation

    static Tensor undefined(Scope scope, DType dtype, Shape shape) {
        scope.checkOpen();
        Buffer buffer = scope.device().allocate(dtype, shape.size());
        return new Tensor(new Storage(buffer, scope), Matrix.of(buffer, shape.rows(), shape.cols()), shape);
    }

    /// f32, copied from an array.
    public static Tensor of(Scope scope, float[] data, int... dims) { return HostCopies.write(scope, DType.F32, data, data.length, dims); }

    /// i32 ids, positions or counters, copied.
    public static Tensor ints(Scope scope, int[] data, int... dims) { return HostCopies.write(scope, DType.I32, data, data.length, dims); }

    /// u8 frames, copied.
    public static Tensor bytes(Scope scope, byte[] data, int... dims) { return HostCopies.write(scope, DType.U8, data, data.length, dims); }

    /// bf16 (or f16) bit patterns, copied.
    public static Tensor halves(Scope scope, DType dtype, short[] data, int... dims) {
        return HostCopies.write(scope, dtype, data, data.length, dims);
    }

    /// f32 zeros.
    public static Tensor zeros(Scope scope, int... dims) { return full(scope, 0f, dims); }

    /// f32, every element `value`.
    public static Tensor full(Scope scope, float value, int... dims) {
        Tensor t = undefined(scope, DType.F32, new Shape(dims));
        scope.device().elementwise().fill(t.matrix, value);
        return t;
    }

    /// Memory with undefined contents, for a kernel or [#copyFrom] to fill.
    public static Tensor undefined(Scope scope, DType dtype, int... dims) { return undefined(scope, dtype, new Shape(dims)); }

    /// Normally distributed numbers: element i depends on (key, i) only.
    public static Tensor normal(Scope scope, long key, float mean, float std, int... dims) {
        Tensor t = undefined(scope, DType.F32, new Shape(dims));
        scope.device().sampling().normal(key, mean, std, t.matrix);
        return t;
    }

    /// A buffer of the scope's device (for example a mapped weight file) as a tensor; the scope closes the buffer.
    public static Tensor over(Scope scope, Buffer buffer, int... dims) {
        Shape shape = new Shape(dims);
        if (buffer.length() != shape.size())
            throw new ShapeException("tensor of shape " + shape + " over a buffer of " + buffer.length() + " elements");
        scope.checkOpen();
        return new Tensor(new Storage(buffer, scope), Matrix.of(buffer, shape.rows(), shape.cols()), shape);
    }

    // What it is

    public Shape shape() { return shape; }

    /// Type of the elements. What is computed is f32; weights may be bf16 or f16, ids are i32, frames u8.
    public DType dtype() { return storage.buffer.dtype(); }

    public Device device() { return storage.tape.device(); }

    /// The scope that owns the memory.
    public Scope scope() { return storage().owner; }

    /// Whether a backward pass would compute a gradient for this tensor.
    public boolean requiresGrad() { return leaf != null ? leaf.trainable : state != State.CONSTANT; }

    /// How the rows divide into prompt groups; one group unless told otherwise.
    public RowGroups rowGroups() { return groups != null ? groups : RowGroups.single(shape.rows()); }

    /// The same tensor with other prompt groups (a view).
    public Tensor withRowGroups(RowGroups g) {
        Objects.requireNonNull(g, "groups");
        if (g.rows() != shape.rows()) throw new ShapeException("withRowGroups: " + this + " has " + shape.rows() + " rows, the groups " + g.rows());
        Tensor t = leaf != null ? view(matrix(), shape) : Tape.run(new ShapeOp.Reshape(this, shape));
        t.groups = g;
        return t;
    }

    /// The tensor as the kernels see it, for those who call kernels themselves (optimisers, sampling). Refused after the scope has closed.
    public Matrix matrix() {
        storage();
        return matrix;
    }

    /// The whole buffer, for kernels that take vectors. Refused for a view of a part.
    public Buffer buffer() {
        storage();
        if (matrix.offset() != 0 || matrix.size() != storage.buffer.length()) {
            throw new ShapeException("buffer: " + this + " is a view of a part of its memory; take copy() of it");
        }
        return storage.buffer;
    }

    Matrix matrix(int rows, int cols) {
        if (matrix.rows() == rows && matrix.cols() == cols) return matrix();
        if (!matrix.isDense())
            throw new ShapeException(this + " seen as [" + rows + " x " + cols + "]: its rows are not adjacent; take copy() of it");
        return new Matrix(matrix().buffer(), matrix.offset(), rows, cols, cols);
    }

    Storage storage() {
        if (!storage.alive()) {
            throw new IllegalStateException("tensor " + this + " was used after its scope closed; keep() it in the scope around, or create it in a "
                    + "longer-lived one");
        }
        return storage;
    }

    Tape tape() { return storage.tape; }

    boolean isAlive() { return storage.alive(); }

    /// Whether a record needs this memory as its result: this tensor's own record, or that of another handle on the same memory.
    boolean onTape() { return state == State.PASSING || tape().holds(storage()); }

    @Override public String toString() { return dtype().name().toLowerCase(Locale.ROOT) + shape; }

    // Data

    /// All elements, row by row; other types than f32 are converted.
    public float[] toFloats() { return HostCopies.floats(this); }

    /// All elements of an i32 tensor.
    public int[] toInts() { return HostCopies.ints(this); }

    /// The only element.
    public float item() {
        if (shape.size() != 1) throw ShapeException.of("item", this, "a tensor of one element");
        return toFloats()[0];
    }

    /// Overwrites the contents (of a cache, a parameter, a range of rows). Not recorded: refused for the memory of a result on the tape, also through
    /// [#detach] or a view. Nothing watches what a record only read, and kernels that write to [#matrix()]: overwrite a parameter or a constant after
    /// the backward of what was computed from it, or that backward takes the new numbers for the old.
    public void copyFrom(Tensor source) {
        if (source.dtype() != dtype() || source.shape.rows() != shape.rows() || source.shape.cols() != shape.cols()) {
            throw ShapeException.of("copyFrom", this, source, "the same type, rows and columns");
        }
        if (onTape())
            throw new IllegalStateException("copyFrom: " + this + " is a result on the tape, or shares its memory; overwriting it would falsify a "
                    + "backward");
        device().elementwise().copy(source.matrix(), matrix());
    }

    /// A copy in that type, rounded to nearest even where it holds less, without a gradient.
    public Tensor to(DType dtype) {
        if (dtype == dtype()) return detach().copy();
        Tensor y = undefined(tape().current(), dtype, shape);
        y.groups = groups;
        device().conversion().convert(matrix(), y.matrix);
        return y;
    }

    // Gradients

    /// Makes this tensor a leaf that gathers a gradient. See [Parameter] for weights with a name.
    public Tensor requireGrad() {
        if (state != State.CONSTANT)
            throw new IllegalStateException("requireGrad: " + this + " was computed; only a tensor without history can be a leaf. detach() it first");
        if (leaf != null) return this;
        boolean real = dtype() == DType.F32 || dtype() == DType.BF16 || dtype() == DType.F16;
        if (!real || !matrix().isDense()) throw ShapeException.of("requireGrad", this, "a dense f32, bf16 or f16 tensor");
        leaf = new Leaf(storage, matrix, shape);
        return this;
    }

    /// The gradient of a leaf, f32 of its shape: the sum over its uses, in order of use; null if nothing has arrived. Refused after a backward that
    /// failed on its way, until [#zeroGrad()].
    public Tensor grad() {
        if (leaf == null)
            throw new IllegalStateException("grad: " + this + " is not a leaf; gradients of computed tensors are freed during the backward");
        return leaf.gradient();
    }

    /// Frees the gradient of a leaf.
    public void zeroGrad() { if (leaf != null) leaf.release(); }

    /// Walks the tape back from this single number and frees its records.
    public void backward() { tape().backward(this, null); }

    /// The same from a tensor of any shape, with the gradient of the final loss with respect to it.
    public void backward(Tensor seedGradient) { tape().backward(this, Objects.requireNonNull(seedGradient, "seedGradient")); }

    /// The same memory without history: a constant.
    public Tensor detach() {
        Tensor t = new Tensor(storage(), matrix, shape);
        t.groups = groups;
        return t;
    }

    Tensor detachedAs(Shape other) { return new Tensor(storage(), matrix(other.rows(), other.cols()), other); }

    /// A view without a record: of a leaf, whose gradient slots know views.
    Tensor view(Matrix part, Shape partShape) {
        Tensor t = new Tensor(storage(), part, partShape);
        t.leaf = leaf;
        return t;
    }

    /// As an input of a record: a leaf gets a handle that knows which use of it this is.
    Tensor use() {
        if (leaf == null || !leaf.trainable || !Tape.gradEnabled()) return this;
        Tensor t = view(matrix(), shape);
        t.groups = groups;
        t.useNumber = tape().use(leaf);
        return t;
    }

    int useNumber() { return useNumber; }

    /// Runs the block without keeping its inner results; the backward runs it again. Same gradients, bit for bit, for less memory and a second
    /// forward. The block must compute the same each time; it may use any parameters and tensors beside its input.
    public static Tensor checkpoint(UnaryOperator<Tensor> block, Tensor input) { return input.tape().checkpoint(block, input); }

    // Elementwise

    /// `this + other`; other may have one row and/or one column, used for every row and/or column.
    public Tensor add(Tensor other) { return binary(Binary.ADD, other); }

    /// `this - other`; other as in [#add].
    public Tensor sub(Tensor other) { return binary(Binary.SUB, other); }

    /// `this · other`, element by element; other as in [#add]. Products of matrices are [#matmul] and [#linear].
    public Tensor mul(Tensor other) { return binary(Binary.MUL, other); }

    /// `this / other`, the IEEE quotient; other as in [#add].
    public Tensor div(Tensor other) { return binary(Binary.DIV, other); }

    /// One of the four above by its name.
    ///
    /// @throws ShapeException unless other has the rows of this or 1, and the columns of this or 1
    public Tensor binary(Binary op, Tensor other) { return Tape.run(new ElementwiseOp.BinaryMap(op, use(), other.use())); }

    /// `alpha · this`.
    public Tensor scale(float alpha) { return Tape.run(new ElementwiseOp.Scale(use(), alpha)); }

    /// `-this`.
    public Tensor neg() { return scale(-1f); }

    /// A map over the elements, shape as here; formulas at [Unary], derivatives from the input at [lucid.kernels.contract.Elementwise#unaryBackward].
    /// At the kinks of ABS and RELU the derivative is 0.
    public Tensor unary(Unary op) { return Tape.run(new ElementwiseOp.UnaryMap(op, use())); }

    public Tensor exp() { return unary(Unary.EXP); }

    /// Natural logarithm: -infinity at 0, NaN below.
    public Tensor log() { return unary(Unary.LOG); }

    public Tensor tanh() { return unary(Unary.TANH); }

    public Tensor square() { return unary(Unary.SQUARE); }

    /// Square root: NaN below 0, and an infinite derivative at 0.
    public Tensor sqrt() { return unary(Unary.SQRT); }

    /// `max(this, 0)`, derivative 0 at 0.
    public Tensor relu() { return unary(Unary.RELU); }

    /// `x / (1 + e^-x)` (Elfwing et al. 2017, arXiv 1702.03118), also called swish.
    public Tensor silu() { return unary(Unary.SILU); }

    /// `1 / (1 + e^-x)`.
    public Tensor sigmoid() { return unary(Unary.SIGMOID); }

    /// GELU, exact form with erf.
    public Tensor gelu() { return unary(Unary.GELU_ERF); }

    /// GELU, tanh form (SigLIP's `gelu_pytorch_tanh`).
    public Tensor geluTanh() { return unary(Unary.GELU_TANH); }

    /// `silu(this) · up`.
    public Tensor swiGlu(Tensor up) { return Tape.run(new ElementwiseOp.SwiGlu(use(), up.use())); }

    // Products

    /// `this · weightᵀ + bias`: weight `[out, in]` in f32, bf16 or f16; bias `[out]` or null.
    public Tensor linear(Tensor weight, Tensor biasOrNull) {
        return Tape.run(new MatMulOp.Linear(use(), weight.use(), biasOrNull == null ? null : biasOrNull.use()));
    }

    /// `f(this · weightᵀ + bias)`, bit for bit [#linear(Tensor, Tensor)] and then [#unary]. Where no gradient is recorded, the product alone does it.
    public Tensor linear(Tensor weight, Tensor biasOrNull, Activation f) {
        if (Tape.records(this, weight, biasOrNull)) return linear(weight, biasOrNull).unary(f.unary());
        return Tape.run(new MatMulOp.ActivatedLinear(this, weight, biasOrNull, f));
    }

    /// `silu(this · gateᵀ) · (this · upᵀ)`, bit for bit two [#linear(Tensor, Tensor)] and a [#swiGlu]; weights of one type and shape [out, in]. Where
    /// no gradient is recorded, in one operation.
    public Tensor gatedLinear(Tensor gate, Tensor up) {
        if (Tape.records(this, gate, up)) return linear(gate, null).swiGlu(linear(up, null));
        return Tape.run(new MatMulOp.GatedLinear(this, gate, up));
    }

    /// `this · weightᵀ + bias` for several layers, bit for bit a [#linear(Tensor, Tensor)] for each. Where no gradient is recorded, in one operation,
    /// and the results are columns of one matrix.
    ///
    /// @param biases a bias or null for each weight
    public Tensor[] linears(Tensor[] weights, Tensor[] biases) {
        if (weights.length == 0 || biases.length != weights.length) {
            throw new ShapeException("linears: found " + weights.length + " weights and " + biases.length
                    + " biases, wanted at least one weight and a bias or null for each");
        }
        Tensor[] y = new Tensor[weights.length];
        if (Tape.records(this) || Tape.records(weights) || Tape.records(biases)) {
            for (int i = 0; i < y.length; i++) y[i] = linear(weights[i], biases[i]);
            return y;
        }
        Tensor all = Tape.run(new MatMulOp.SeveralLinear(this, weights, biases));
        for (int i = 0, from = 0; i < y.length; i++) y[i] = all.cols(from, from += weights[i].shape().rows());
        return y;
    }

    /// `op(this) · op(other)` of the matrices, with op the identity or the transpose.
    public Tensor matmul(Tensor other, boolean transposeThis, boolean transposeOther) {
        return Tape.run(new MatMulOp.Product(use(), other.use(), transposeThis, transposeOther));
    }

    /// `this · other` of the matrices: [rows, k] · [k, cols].
    public Tensor matmul(Tensor other) { return matmul(other, false, false); }

    /// Patch embedding of `this`: u8 frames [n, height, width, 3] or f32 pixels [n, 3, height, width]; weight [hidden, 3 · patch²] (or 4-d, as
    /// published), bias `[hidden]`, positions `[patches, hidden]` or null. Result `[n, patches, hidden]`.
    /// `groupsOrNull`: how the n · patches rows divide into prompt groups (null: one group).
    public Tensor patchEmbedding(Tensor weight, Tensor bias, Tensor positionsOrNull, int patch, RowGroups groupsOrNull) {
        Tensor flat = weight.shape.rank() == 2 ? weight : weight.reshape(weight.shape.dim(0), weight.shape.size() / Math.max(1, weight.shape.dim(0)));
        return Tape.run(new IndexOp.PatchEmbed(use(), flat.use(), bias.use(), positionsOrNull == null ? null : positionsOrNull.use(), patch,
                groupsOrNull));
    }

    // Norms

    /// `x · rsqrt(mean(x²) + eps) · weight` of every row: `[rows, size]`, weight `[size]` (Zhang, Sennrich 2019, arXiv 1910.07467).
    public Tensor rmsNorm(Tensor weight, float eps) { return Tape.run(NormOp.RmsNorm.of(use(), weight.use(), eps)); }

    /// `(x - mean) / √(var + eps) · weight + bias` of every row: `[rows, size]`, weight and bias `[size]` (Ba et al. 2016, arXiv 1607.06450).
    public Tensor layerNorm(Tensor weight, Tensor bias, float eps) { return Tape.run(NormOp.LayerNorm.of(use(), weight.use(), bias.use(), eps)); }

    // Attention

    /// Rotary position embedding of every head; positions i32 [rows], cos and sin [positions, headDim / 2], see [RotaryTable]; they get no gradient,
    /// so none may require one.
    public Tensor rotate(Tensor positions, Tensor cos, Tensor sin, int headDim) {
        return Tape.run(new AttentionOp.Rotate(use(), positions, cos, sin, headDim));
    }

    /// Attention of the queries `this` over k and v as the plan says. Result like the queries.
    public Tensor attention(Tensor k, Tensor v, AttentionPlan plan, float scale) {
        return Tape.run(AttentionOp.Attend.of(use(), k.use(), v.use(), plan, scale));
    }

    // Reductions

    /// Softmax of every row; -infinity gets 0, for example by an added mask. A row of nothing but -infinity is NaN.
    public Tensor softmax() { return Tape.run(new ReduceOp.Softmax(use())); }

    /// Sum of all elements, a scalar.
    public Tensor sum() { return Tape.run(new ReduceOp.Sum(use())); }

    /// Mean of all elements, a scalar: the sum times `1 / n`, both f32.
    public Tensor mean() { return sum().scale(1f / shape.size()); }

    /// Sum of every row, [..., 1].
    public Tensor rowSum() { return Tape.run(new ReduceOp.RowSum(use())); }

    /// Mean of every row, [..., 1]: the sum times `1 / cols`, both f32.
    public Tensor rowMean() { return rowSum().scale(1f / shape.cols()); }

    /// Largest of every row, [..., 1], a constant for the backward.
    public Tensor rowMax() { return Tape.run(new ReduceOp.RowMax(this)); }

    /// `Σ this · weights` over all elements, a scalar.
    public Tensor weightedSum(Tensor weights) { return Tape.run(new ReduceOp.WeightedSum(use(), weights.use())); }

    // Views and rows

    /// The same elements in another shape: a view where the memory allows it, else a copy.
    public Tensor reshape(int... dims) {
        Shape to = new Shape(dims);
        if (to.size() != shape.size()) throw ShapeException.of("reshape to " + to, this, "the same number of elements");
        if (to.cols() != shape.cols() && !matrix.isDense()) return copy().reshape(dims);
        Tensor t = leaf != null ? view(matrix(to.rows(), to.cols()), to) : Tape.run(new ShapeOp.Reshape(this, to));
        if (to.rows() == shape.rows()) t.groups = groups;
        return t;
    }

    /// Rows from (inclusive) to (exclusive), a view [to - from, cols].
    public Tensor rows(int from, int to) {
        if (leaf == null) return Tape.run(new ShapeOp.Rows(this, from, to));
        ShapeOp.Rows part = new ShapeOp.Rows(this, from, to);
        return view(part.view(), part.shape());
    }

    /// Columns from (inclusive) to (exclusive), a view.
    public Tensor cols(int from, int to) {
        if (leaf == null) return Tape.run(new ShapeOp.Cols(this, from, to));
        ShapeOp.Cols part = new ShapeOp.Cols(this, from, to);
        return view(part.view(), part.shape());
    }

    /// A dense copy.
    public Tensor copy() { return Tape.run(new ShapeOp.Copy(use())); }

    /// Rows by index (this may be a table of weights or computed rows): [ids..., cols].
    public Tensor gatherRows(Tensor ids) { return gatherRows(ids, null); }

    /// The same with the prompt groups of the ids (null: one group), which the table's gradient grows by.
    public Tensor gatherRows(Tensor ids, RowGroups groupsOrNull) { return Tape.run(new IndexOp.Gather(use(), ids, groupsOrNull)); }

    /// Rows by index.
    public Tensor gatherRows(int... ids) { return gatherRows(ints(tape().current(), ids, ids.length)); }

    /// Rows of an embedding table [vocabulary, width] in f32 or bf16; groups of the ids as in [#gatherRows(Tensor, RowGroups)].
    public static Tensor embedding(Tensor ids, Tensor table, RowGroups groupsOrNull) { return table.gatherRows(ids, groupsOrNull); }

    /// The same for one group.
    public static Tensor embedding(Tensor ids, Tensor table) { return table.gatherRows(ids); }

    /// All rows of the parts, one after the other: [rows, cols].
    public static Tensor concatRows(List<Tensor> parts) { return Tape.run(new ShapeOp.Concat(parts.stream().map(Tensor::use).toList(), true)); }

    /// Columns of the parts beside each other: rows as in the first part.
    public static Tensor concatCols(List<Tensor> parts) { return Tape.run(new ShapeOp.Concat(parts.stream().map(Tensor::use).toList(), false)); }

    // Losses

    /// Log-probability of each row's target under `softmax(hidden · headᵀ / temperature)`; the logits of all rows never exist together.
    ///
    /// @param hidden  f32 [rows, width]
    /// @param head    f32 or bf16 [vocabulary, width]
    /// @param targets i32 [rows]
    public static LogProbs logProb(Tensor hidden, Tensor head, Tensor targets, float temperature) {
        LossOp.LogProbOp op = LossOp.LogProbOp.of(hidden.use(), head.use(), targets, temperature);
        return new LogProbs(Tape.run(op), op.entropy(), op.lse(), op.top());
    }

    /// Cross-entropy of every row of logits, [rows]; target -100 gives 0 and no gradient. Combine with [#weightedSum], [#sum] or [#mean].
    public static Tensor crossEntropy(Tensor logits, Tensor targets) { return Tape.run(LossOp.CrossEntropy.of(logits.use(), targets)); }
}
