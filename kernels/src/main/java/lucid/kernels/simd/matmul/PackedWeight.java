package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.matmul.GemmTile.WIDTH;
import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.I;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.work.Workers;

/// A weight [n, k] in the order in which its products read it: column panel after column panel, each [k][WIDTH], in the weight's own type. A product of few rows then reads one stream of memory instead of
/// WIDTH rows at a time, and exchanges nothing in registers ([GemvPanel]); a product of many rows finds its panels ready, up to widening.
///
/// [Packing] decides when it is made. Lanes beyond n hold anything.
final class PackedWeight implements HostBuffer.Companion {
    /// Chain positions that are transposed at a time: a panel of 32 KiB.
    private static final int LINKS = 256;
    private static final int PAGE = 4096;
    private static final long STEP = 4L * LANES;
    private static final int HIGH = 0xFFFF0000;
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

    private final Matrix weight;
    private final long panelBytes;
    /// Null until it is made.
    private HostBuffer copy;
    private long at;

    private PackedWeight(Matrix weight) {
        this.weight = weight;
        panelBytes = (long) weight.cols() * WIDTH * weight.dtype().bytes();
    }

    /// See [lucid.kernels.Device#prepack].
    static void promise(Matrix weight) {
        HostBuffer buffer = HostBuffer.of(weight.buffer());
        if (buffer.companion() == null && weight.size() > 0 && weight.dtype() != DType.F16) buffer.keep(new PackedWeight(weight));
    }

    /// What was promised of the weight whose rows w has, from the beginning of a panel on; else null.
    static PackedWeight of(Matrix w) { return HostBuffer.of(w.buffer()).companion() instanceof PackedWeight packed && packed.has(w) ? packed : null; }

    long bytes() { return weight.size() * weight.dtype().bytes(); }

    boolean made() { return copy != null; }

    private boolean has(Matrix w) { return w.cols() == weight.cols() && (w.rows() == 1 || w.stride() == weight.cols()) && w.offset() % ((long) WIDTH * weight.cols()) == 0; }

    /// The right factor `wᵀ` of some of its rows.
    Operand right(Matrix w) {
        DType type = weight.dtype();
        long first = w.offset() / weight.cols() / WIDTH * panelBytes;
        return new Operand(copy.segment(), at + first, (long) WIDTH * type.bytes(), type, GemmPlan.panels(w.rows(), WIDTH) * WIDTH, true, panelBytes);
    }

    /// False where there is no memory for it.
    boolean make(Workers workers, GemmPanel[] scratch) {
        HostBuffer buffer = HostBuffer.of(weight.buffer());
        DType type = weight.dtype();
        int panels = GemmPlan.panels(weight.rows(), WIDTH);
        HostBuffer target = buffer.beside((panels * panelBytes + PAGE) / type.bytes());
        if (target == null) return false;
        long first = -target.segment().address() & PAGE - 1;
        Operand rows = Operand.lanesDown(weight);
        workers.parallel(panels, 1, (from, to, thread) -> {
            for (int panel = from; panel < to; panel++) fill(rows, panel, scratch[thread], target.segment(), first + panel * panelBytes);
        });
        copy = target;
        at = first;
        buffer.unload();
        return true;
    }

    private void fill(Operand rows, int panel, GemmPanel scratch, MemorySegment target, long first) {
        for (int p = 0; p < weight.cols(); p += LINKS) {
            int links = Math.min(LINKS, weight.cols() - p);
            long to = first + (long) p * WIDTH * weight.dtype().bytes();
            scratch.pack(rows, panel * WIDTH, p, links);
            if (weight.dtype() == DType.F32) MemorySegment.copy(scratch.memory, scratch.at, target, to, 4L * links * WIDTH);
            else narrow(scratch.memory, scratch.at, links, target, to);
        }
    }

    private static void narrow(MemorySegment from, long at, int links, MemorySegment to, long put) {
        for (int i = 0; i < links; i++, at += 2 * STEP, put += STEP) {
            IntVector low = IntVector.fromMemorySegment(I, from, at, NATIVE), high = IntVector.fromMemorySegment(I, from, at + STEP, NATIVE);
            low.lanewise(VectorOperators.LSHR, 16).or(high.and(HIGH)).intoMemorySegment(to, put, NATIVE);
        }
    }

    /// The first LANES columns of a panel's row.
    static FloatVector low(MemorySegment from, long at, boolean wide) {
        return wide ? FloatVector.fromMemorySegment(F, from, at, NATIVE) : IntVector.fromMemorySegment(I, from, at, NATIVE).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /// The other LANES columns.
    static FloatVector high(MemorySegment from, long at, boolean wide) {
        return wide ? FloatVector.fromMemorySegment(F, from, at + STEP, NATIVE) : IntVector.fromMemorySegment(I, from, at, NATIVE).and(HIGH).reinterpretAsFloats();
    }

    @Override public void free() {
        if (copy != null) copy.close();
    }
}
