package lucid.tensor;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.Matrix;

/// What was computed on a device, in order: the list of operation records that a backward pass walks from its end.
/// Only operations with an input that requires a gradient are written down. There is one tape per device; [#toString()] prints it.
public final class Tape {
    /// Those of the devices on which a scope is open: the first scope brings the tape, the last takes it away.
    private static final Map<Device, Tape> TAPES = new IdentityHashMap<>();
    private static final ThreadLocal<int[]> NO_GRAD_DEPTH = ThreadLocal.withInitial(() -> new int[1]);

    private record Entry(Op op, Tensor result) {}

    private final Device device;
    private final List<Scope> scopes = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();
    private int openScopes;
    private long pass;
    /// Set while a checkpointed block runs for the first time: nothing is written down, uses of leaves are.
    private UseLog log;
    /// Set while a checkpointed block runs again: uses of leaves get the numbers they had.
    private UseLog.Reader replay;

    private Tape(Device device) { this.device = device; }

    /// The tape of a device on which a scope is open.
    public static Tape of(Device device) {
        synchronized (TAPES) {
            Tape tape = TAPES.get(device);
            if (tape == null) throw noScope(device);
            return tape;
        }
    }

    /// The same for a scope that is about to be open, which counts itself by [#opened].
    static Tape openFor(Device device) {
        synchronized (TAPES) {
            return TAPES.computeIfAbsent(device, Tape::new);
        }
    }

    private static IllegalStateException noScope(Device device) {
        return new IllegalStateException("no scope is open on device " + device.name()
                + " to own results; open one: try (var scope = Scope.open(device)) {...}");
    }

    public Device device() { return device; }

    /// Number of records.
    public int size() { return entries.size(); }

    /// The records, oldest first.
    public List<Op> records() { return entries.stream().map(Entry::op).toList(); }

    /// One line per record: number, operation, shapes of inputs and result.
    @Override public String toString() {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < entries.size(); i++) {
            Entry e = entries.get(i);
            out.append(i).append(' ').append(e.op.name());
            for (Tensor input : e.op.inputs()) out.append(' ').append(input.shape());
            out.append(" -> ").append(e.result.shape()).append('\n');
        }
        return out.toString();
    }

    /// Until it closes, nothing on this thread is written to a tape: for rollouts and evaluation.
    public static NoGrad noGrad() {
        NO_GRAD_DEPTH.get()[0]++;
        return new NoGrad();
    }

    /// True unless inside [#noGrad()].
    public static boolean gradEnabled() { return NO_GRAD_DEPTH.get()[0] == 0; }

    /// Whether an operation of these inputs (null: none) would be written down.
    static boolean records(Tensor... inputs) {
        if (!gradEnabled()) return false;
        for (Tensor input : inputs) {
            if (input != null && input.requiresGrad()) return true;
        }
        return false;
    }

    /// See [Tape#noGrad()].
    public static final class NoGrad implements AutoCloseable {
        private boolean closed;

        private NoGrad() {}

        @Override public void close() {
            if (closed) throw new IllegalStateException("noGrad: closed twice");
            closed = true;
            NO_GRAD_DEPTH.get()[0]--;
        }
    }

    // Scopes

    Scope innermost() { return scopes.isEmpty() ? null : scopes.getLast(); }

    /// The innermost open scope: the owner of the next result.
    public Scope current() {
        if (scopes.isEmpty()) throw noScope(device);
        return scopes.getLast();
    }

    void opened(Scope scope, boolean receivesResults) {
        if (receivesResults) scopes.add(scope);
        openScopes++;
    }

    /// Records whose results died with the scope are forgotten, also those before a view that this scope made of older memory; if that ends a
    /// forward pass, uses of leaves are counted anew.
    void closed(Scope scope) {
        scopes.remove(scope);
        for (Entry e : entries) {
            if (!e.result.isAlive()) dropGradient(e);
        }
        boolean forgotten = entries.removeIf(e -> !e.result.isAlive());
        if (forgotten && entries.isEmpty()) pass++;
        if (--openScopes == 0) {
            synchronized (TAPES) {
                TAPES.remove(device);
            }
        }
    }

    // Forward

    /// The number of a use of a leaf, see [Leaf].
    int use(Leaf leaf) {
        int use = replay == null ? leaf.nextUse(pass) : replay.next(leaf);
        if (log != null) log.add(leaf, use);
        return use;
    }

    /// Runs an operation and writes it down if a gradient may be asked for.
    static Tensor run(Op op) {
        List<Tensor> inputs = op.inputs();
        Tape tape = inputs.getFirst().storage().tape;
        boolean tracked = false;
        for (int i = 0; i < inputs.size(); i++) {
            Tensor input = inputs.get(i);
            if (input.storage().tape != tape) {
                throw new IllegalArgumentException(op.name() + ": " + input + " is on device " + input.device().name() + ", " + inputs.getFirst()
                        + " on " + tape.device.name() + "; wanted all on one device");
            }
            tracked |= input.requiresGrad();
        }
        Matrix view = op.view();
        Tensor y = view == null ? Tensor.undefined(tape.current(), op.dtype(), op.shape())
                : new Tensor(inputs.getFirst().storage(), view, op.shape());
        y.groups = op.groups();
        op.forward(y);
        if (tracked && op.differentiable() && gradEnabled()) tape.write(op, y);
        return y;
    }

    /// Whether the result of a record lies in this memory, whatever handle asks.
    boolean holds(Storage storage) { return entries.stream().anyMatch(e -> e.result.storage() == storage); }

    private void write(Op op, Tensor y) {
        if (log != null) {
            log.tracked = true;
            y.state = Tensor.State.PASSING;
            return;
        }
        entries.add(new Entry(op, y));
        y.state = Tensor.State.RECORDED;
    }

    /// Runs a block whose records are not kept; see [Tensor#checkpoint].
    Tensor checkpoint(UnaryOperator<Tensor> block, Tensor input) {
        UseLog outer = log;
        UseLog mine = new UseLog();
        log = mine;
        Tensor y;
        Scope around = current();
        try (Scope inner = Scope.open(device)) {
            y = block.apply(input).use();
            mine.tracked |= y.requiresGrad();
            if (y.storage().owner == inner) around.take(y.storage());
            else around.take((y = y.detach().copy()).storage());
        } finally {
            log = outer;
        }
        if (outer != null) outer.addAll(mine);
        Tensor out = new Tensor(y.storage(), y.matrix(), y.shape());
        out.groups = y.groups;
        if (gradEnabled() && (mine.tracked || input.requiresGrad())) write(new CheckpointOp(block, input, y.shape(), mine), out);
        return out;
    }

    /// Runs a checkpointed block again, this time writing it down, and walks back through it.
    void replay(CheckpointOp op, Matrix dy, Gradients gradients) {
        UseLog.Reader outerReplay = replay;
        UseLog outerLog = log;
        int[] depth = NO_GRAD_DEPTH.get();
        int outerDepth = depth[0];
        int mark = entries.size();
        try (Scope _ = Scope.open(device)) {
            replay = op.uses().reader();
            log = null;
            depth[0] = 0;
            Tensor y = op.block().apply(op.input()).use();
            replay.end();
            if (y.requiresGrad()) gradients.add(y, dy);
            replay = outerReplay;
            walk(mark, gradients);
        } finally {
            dropGradients(mark);
            entries.subList(mark, entries.size()).clear();
            replay = outerReplay;
            log = outerLog;
            depth[0] = outerDepth;
        }
    }

    // Backward

    void backward(Tensor result, Tensor seed) {
        if (result.state != Tensor.State.RECORDED) {
            throw new IllegalStateException("backward: " + result + (result.state == Tensor.State.CONSUMED ? " was already walked back from; "
                    + "compute it again"
                    : " has no history on the tape (computed under noGrad, or from nothing that requires a gradient)"));
        }
        Gradients gradients = new Gradients(device);
        try {
            if (seed == null) {
                if (result.shape().size() != 1)
                    throw ShapeException.of("backward", result, "a single number, or a seed gradient of its shape: backward(seed)");
                device.elementwise().fill(gradients.into(result).matrix(), 1f);
            } else {
                if (seed.shape().size() != result.shape().size())
                    throw ShapeException.of("backward", result, seed, "one number of the seed per element");
                gradients.add(result, seed.matrix(result.matrix().rows(), result.matrix().cols()));
            }
            walk(0, gradients);
        } catch (Throwable failure) {
            gradients.abandon();
            throw failure;
        } finally {
            dropGradients(0);
            entries.removeIf(e -> e.result.state != Tensor.State.RECORDED);
            pass++;
        }
    }

    private void walk(int from, Gradients gradients) {
        for (int i = entries.size() - 1; i >= from; i--) {
            Entry entry = entries.get(i);
            Tensor y = entry.result;
            Matrix dy = y.gradient;
            if (dy == null) continue;
            y.gradient = null;
            y.state = Tensor.State.CONSUMED;
            Matrix outer = gradients.begin(dy);
            try {
                entry.op.backward(y, dy, gradients);
            } finally {
                gradients.end(dy, outer);
            }
        }
    }

    /// After a failure in the middle of a walk gradients may be left over.
    private void dropGradients(int from) {
        for (int i = from; i < entries.size(); i++) dropGradient(entries.get(i));
    }

    private static void dropGradient(Entry e) {
        if (e.result.gradient != null) e.result.gradient.buffer().close();
        e.result.gradient = null;
    }
}
