package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.matmul.GemmTile.WIDTH;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Transpose;
import lucid.kernels.simd.vector.Widen;
import lucid.kernels.simd.work.NativeScratch;
import lucid.kernels.simd.work.Workers;

/// One thread's panel of the right factor: `[k][WIDTH]`, f32 (or bf16, of a factor that lies in [PanelOrder]), in memory of the kind that [GemmTile]
/// reads. A factor that lies the right way round is read in place where that is as fast; everything else is transposed, widened or gathered here
/// first.
public final class GemmPanel {
    /// Bytes from row to row of a packed panel.
    private static final long PITCH = 4L * WIDTH;
    /// Rows further apart than this are gathered: at a pitch of a page, or a multiple of it, the rows of a panel fall into a few sets of the caches.
    private static final long FAR = 2048;
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

    /// Panels copied at a time, if wanted: a kilobyte of each row. From memory 0.54 ns a float instead of 0.76, where each panel alone takes 128
    /// bytes of a row, and then of the next one a page away; from the caches, when a factor is copied again and again, a panel alone is the faster
    /// (0.22 instead of 0.33; one core, busy neighbours).
    private static final int GROUP = 8;

    private final NativeScratch scratch;
    private final int[] squares = new int[Transpose.SCRATCH];
    /// Where the tile finds the panel.
    MemorySegment memory;
    long at;
    long pitch;
    /// Whether it is f32; else bf16 as [PanelOrder] has it.
    boolean wide = true;
    /// What [#begin] was told.
    private Operand b;
    private int end;
    private int from;
    private int count;
    private boolean together;
    private boolean keeps;
    /// Packed columns, [packedFrom, packedTo), side by side in scratch, of which a factor that is read in place takes nothing.
    private Matrix packed;
    private int packedFrom;
    private int packedTo;

    /// A panel of one of these threads.
    public GemmPanel(Workers workers) { scratch = new NativeScratch(workers); }

    /// To be called before panels of other columns, at other chain positions or of another operand are shown.
    ///
    /// @param first    first of the columns that will be shown, in ascending order
    /// @param end      end of them
    /// @param from     first of `count` chain positions
    /// @param together whether panels may be copied together
    /// @param keeps    whether all of them will be shown again, and stay packed
    void begin(Operand b, int first, int end, int from, int count, boolean together, boolean keeps) {
        this.b = b;
        this.end = end;
        this.from = from;
        this.count = count;
        this.together = together;
        this.keeps = keeps;
        packed = null;
        packedFrom = first;
        packedTo = first;
    }

    /// Shows columns `column .. column + WIDTH`. Those beyond the operand hold anything.
    void show(int column) {
        boolean whole = b.lanesInRow() && column + WIDTH <= b.lanes();
        if (b.packed() || whole && b.type() == DType.F32 && b.pitch() <= FAR) {
            wide = b.type() == DType.F32;
            memory = b.memory();
            at = b.offset(column, from);
            pitch = b.pitch();
            return;
        }
        if (packed == null) packed = scratch.matrix(count * room(), WIDTH);
        if (column < packedFrom || column >= packedTo) {
            if (!keeps) packedFrom = column;
            int panels = whole && together ? Math.min((end - column) / WIDTH, GROUP) : 1;
            if (whole)
                copy(b.memory(), b.offset(column, from), b.pitch(), b.type(), panels, count, HostBuffer.segment(packed),
                        HostBuffer.byteOffset(slot(column)));
            else pack(b, column, from, slot(column));
            packedTo = column + panels * WIDTH;
        }
        show(slot(column));
    }

    /// Panels that are packed at a time.
    private int room() {
        int all = GemmPlan.panels(end - packedFrom, WIDTH);
        return keeps ? all : together ? Math.min(all, GROUP) : 1;
    }

    private Matrix slot(int column) {
        int first = (column - packedFrom) / WIDTH * count;
        return packed.rows(first, first + count);
    }

    private void show(Matrix packed) {
        memory = HostBuffer.segment(packed);
        at = HostBuffer.byteOffset(packed);
        pitch = PITCH;
        wide = true;
    }

    /// Packs columns `column .. column + WIDTH` at `count` chain positions from `from` on, and shows them.
    void pack(Operand b, int column, int from, int count) {
        Matrix panel = scratch.matrix(count, WIDTH);
        pack(b, column, from, panel);
        show(panel);
    }

    /// Packs columns `column .. column + WIDTH` at as many chain positions from `from` on as the panel has rows.
    public void pack(Operand b, int column, int from, Matrix panel) {
        pack(b, column, from, panel.rows(), HostBuffer.segment(panel), HostBuffer.byteOffset(panel));
    }

    /// The same into any memory, from byte `put` on.
    void pack(Operand b, int column, int from, int count, MemorySegment to, long put) {
        int valid = Math.min(WIDTH, b.lanes() - column);
        long first = b.offset(column, from);
        if (!b.lanesInRow()) transpose(b, first, valid, count, to, put);
        else if (valid == WIDTH) copy(b.memory(), first, b.pitch(), b.type(), 1, count, to, put);
        else if (b.type() == DType.F32) copyEdge(b.memory(), first, b.pitch(), valid, count, to, put);
        else widenEdge(b, first, valid, count, to, put);
    }

    private void transpose(Operand b, long first, int valid, int count, MemorySegment to, long put) {
        int columns = Transpose.columns(b.type());
        int steps = count / columns;
        for (int group = 0; group < valid; group += LANES) {
            int last = Math.min(LANES, valid - group) - 1;
            Transpose.panel(b.memory(), first + group * b.pitch(), b.pitch(), last, steps, b.type(), to, put + 4L * group, PITCH, squares);
        }
        for (int l = 0; l < valid; l++) {
            for (int p = steps * columns; p < count; p++) {
                float v = Widen.scalar(b.memory(), first + l * b.pitch() + (long) p * b.type().bytes(), b.type());
                to.set(ValueLayout.JAVA_FLOAT, put + p * PITCH + 4L * l, v);
            }
        }
    }

    private static void copy(MemorySegment from, long first, long pitch, DType type, int panels, int count, MemorySegment to, long put) {
        long half = (long) LANES * type.bytes();
        for (int p = 0; p < count; p++, first += pitch, put += PITCH) {
            long x = first;
            long y = put;
            for (int i = 0; i < panels; i++, x += 2 * half, y += count * PITCH) {
                Widen.vector(from, x, type).intoMemorySegment(to, y, NATIVE);
                Widen.vector(from, x + half, type).intoMemorySegment(to, y + 4 * LANES, NATIVE);
            }
        }
    }

    private static void copyEdge(MemorySegment from, long first, long pitch, int valid, int count, MemorySegment to, long put) {
        for (int p = 0; p < count; p++, first += pitch, put += PITCH) {
            Lanes.load(from, first, valid).intoMemorySegment(to, put, NATIVE);
            if (valid > LANES) Lanes.load(from, first + 4 * LANES, valid - LANES).intoMemorySegment(to, put + 4 * LANES, NATIVE);
        }
    }

    private static void widenEdge(Operand b, long first, int valid, int count, MemorySegment to, long put) {
        for (int p = 0; p < count; p++) {
            for (int l = 0; l < valid; l++) {
                float v = Widen.scalar(b.memory(), first + p * b.pitch() + (long) l * b.type().bytes(), b.type());
                to.set(ValueLayout.JAVA_FLOAT, put + p * PITCH + 4L * l, v);
            }
        }
    }
}
