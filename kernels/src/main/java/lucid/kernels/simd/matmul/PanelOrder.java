package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.matmul.GemmTile.WIDTH;
import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.I;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.contract.check.ProductArguments;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.work.NativeScratch;
import lucid.kernels.simd.work.Workers;

/// Column panel after column panel, each `[k][WIDTH]`, in the weight's own type: a product of few rows then reads one stream of memory instead of
/// WIDTH rows at a time, and exchanges nothing in registers ([GemvPanel]); a product of many rows finds its panels ready ([GemmTile] widens bf16). In
/// bf16 the columns l and l + LANES of a panel are the halves of one 32-bit lane, the first the lower one, because a shift and a mask widen them
/// faster than two zero extensions. Lanes beyond n are zeros.
///
/// f16 is not taken: its widening is not vectorised in this order.
final class PanelOrder implements PackedOrder {
    /// Chain positions that are transposed at a time: a panel of 32 KiB.
    private static final int LINKS = 256;
    private static final long STEP = 4L * LANES;
    /// The half of a lane that holds the columns of the second vector.
    static final int HIGH = 0xFFFF0000;
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

    private final Workers workers;
    private final GemmPanel[] scratch;

    PanelOrder(Workers workers) {
        this.workers = workers;
        scratch = new GemmPanel[workers.threads()];
        Arrays.setAll(scratch, _ -> new GemmPanel(workers));
    }

    @Override public String name() { return "panels-" + WIDTH; }

    @Override public boolean takes(DType type) { return type == DType.F32 || type == DType.BF16; }

    @Override public long length(int n, int k) { return Math.multiplyExact(GemmPlan.panels(n, WIDTH) * (long) WIDTH, (long) k); }

    @Override public void pack(Matrix w, Buffer packed) {
        ProductArguments.packed(this, w, packed);
        pack(w, HostBuffer.of(packed).segment(), 0);
    }

    @Override public void use(Matrix w, Buffer packed) {
        ProductArguments.packed(this, w, packed);
        HostBuffer buffer = HostBuffer.of(w.buffer());
        if (buffer.companion() != null) buffer.companion().free();
        buffer.keep(new PackedWeight(w, HostBuffer.of(packed)));
    }

    /// A right factor in this order: bf16 as bf16, everything else as f32.
    ///
    /// @param k      chain positions
    /// @param room   where it is kept
    /// @param alone  whether the caller does everything
    Operand pack(Operand b, int k, NativeScratch room, boolean alone) {
        DType type = b.type() == DType.BF16 ? DType.BF16 : DType.F32;
        int panels = GemmPlan.panels(b.lanes(), WIDTH);
        Matrix memory = room.matrix(panels, GemmPlan.panels(k * type.bytes(), Float.BYTES) * WIDTH);
        Operand packed = operand(HostBuffer.segment(memory), HostBuffer.byteOffset(memory), type, b.lanes(), k);
        if (alone) fill(b, k, packed, 0, panels, 0);
        else workers.parallel(panels, 1, (from, end, thread) -> fill(b, k, packed, from, end, thread));
        return packed;
    }

    /// Writes w from byte `at` on.
    void pack(Matrix w, MemorySegment to, long at) {
        Operand packed = operand(to, at, w.dtype(), w.rows(), w.cols());
        workers.parallel(GemmPlan.panels(w.rows(), WIDTH), 1, (from, end, thread) -> fill(Operand.lanesDown(w), w.cols(), packed, from, end, thread));
    }

    /// The right factor that lies in this order from byte `at` on.
    static Operand operand(MemorySegment memory, long at, DType type, int lanes, int k) {
        long pitch = (long) WIDTH * type.bytes();
        return new Operand(memory, at, pitch, type, lanes, true, k * pitch);
    }

    private void fill(Operand b, int k, Operand packed, int from, int end, int thread) {
        for (int lane = from * WIDTH; lane < end * WIDTH; lane += WIDTH) {
            int valid = Math.min(WIDTH, b.lanes() - lane);
            if (packed.type() == DType.F32) {
                scratch[thread].pack(b, lane, 0, k, packed.memory(), packed.offset(lane, 0));
                clear(packed.memory(), packed.offset(lane, 0), valid, k);
            } else {
                narrow(b, k, packed, lane, valid, scratch[thread]);
            }
        }
    }

    private static void narrow(Operand b, int k, Operand packed, int lane, int valid, GemmPanel wide) {
        for (int p = 0; p < k; p += LINKS) {
            int links = Math.min(LINKS, k - p);
            wide.pack(b, lane, p, links);
            clear(wide.memory, wide.at, valid, links);
            narrow(wide.memory, wide.at, links, packed.memory(), packed.offset(lane, p));
        }
    }

    /// Equal weights are equal files.
    private static void clear(MemorySegment panel, long at, int valid, int links) {
        if (valid == WIDTH) return;
        for (int p = 0; p < links; p++) panel.asSlice(at + 4L * (p * WIDTH + valid), 4L * (WIDTH - valid)).fill((byte) 0);
    }

    private static void narrow(MemorySegment from, long at, int links, MemorySegment to, long put) {
        for (int i = 0; i < links; i++, at += 2 * STEP, put += STEP) {
            IntVector low = IntVector.fromMemorySegment(I, from, at, NATIVE), high = IntVector.fromMemorySegment(I, from, at + STEP, NATIVE);
            low.lanewise(VectorOperators.LSHR, 16).or(high.and(HIGH)).intoMemorySegment(to, put, NATIVE);
        }
    }

    /// The first LANES columns of a panel's row.
    static FloatVector low(MemorySegment from, long at, boolean wide) {
        return wide ? FloatVector.fromMemorySegment(F, from, at, NATIVE) : IntVector.fromMemorySegment(I, from, at, NATIVE)
                .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /// The other LANES columns.
    static FloatVector high(MemorySegment from, long at, boolean wide) {
        return wide ? FloatVector.fromMemorySegment(F, from, at + STEP, NATIVE) : IntVector.fromMemorySegment(I, from, at, NATIVE).and(HIGH)
                .reinterpretAsFloats();
    }
}
