package lucid.kernels.ptx.tensor.form;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Which element of a matrix stands in which register of which thread (PTX ISA, "Matrix fragments for mma" and "Register fragments for wgmma").
///
/// With `g = lane >> 2`, `t = lane & 3`, `e` elements in a register, `j` the place inside the register, one rule covers every shape that has no
/// quad pairs (all but Volta's m8n8k4 f16):
///
/// | matrix | register r, place j | row | column |
/// |---|---|---|---|
/// | A (m x k) | | g + 8 (r mod 2); m8: g | e t + j + 4 e (r / 2); m8: e t + j |
/// | B (k x n) | | e t + j + 4 e r | g |
/// | C, D (m x n), element i | | g + 8 ((i / 2) mod 2); m8: g | 8 (i / 4) + 2 t + i mod 2; m8: 2 t + i |
///
/// wgmma adds 16 rows per warp of the warpgroup. Half-width accumulators (f16) keep the order of the elements, two in a register.
public final class Fragment {
    private final int rows;
    private final int columns;
    private final int threads;
    private final int elements;
    private final int registers;
    private final int width;
    private final int[] rowOf;
    private final int[] columnOf;

    /// Layouts are made once: every decoded product asks for its own.
    private static final Map<Shape, Fragment> KNOWN = new ConcurrentHashMap<>();

    private record Shape(char matrix, int rows, int columns, int threads, Element type) {}

    private interface Place {
        int at(int g, int t, int element);
    }

    private Fragment(int rows, int columns, int threads, int bits, Place row, Place column) {
        this.rows = rows;
        this.columns = columns;
        this.threads = threads;
        this.elements = rows * columns / threads;
        this.width = bits;
        this.registers = elements * bits / Math.max(bits, 32);
        this.rowOf = new int[threads * elements];
        this.columnOf = new int[threads * elements];
        for (int thread = 0; thread < threads; thread++) {
            int lane = thread & 31;
            for (int i = 0; i < elements; i++) {
                rowOf[thread * elements + i] = row.at(lane >> 2, lane & 3, i) + 16 * (thread >> 5);
                columnOf[thread * elements + i] = column.at(lane >> 2, lane & 3, i);
            }
        }
    }

    /// The left factor of a warp, `m x k` with m = 16 or 8.
    public static Fragment a(int m, int k, Element type) { return left(m, k, 32, type); }

    /// The left factor of a warpgroup in registers, `64 x k`.
    public static Fragment groupA(int k, Element type) { return left(64, k, 128, type); }

    private static Fragment left(int m, int k, int threads, Element type) {
        int e = perRegister(type);
        Place row = m == 8 ? (g, _, _) -> g : (g, _, i) -> g + 8 * (i / e % 2);
        Place column = m == 8 ? (_, t, i) -> e * t + i : (_, t, i) -> e * t + i % e + 4 * e * (i / e / 2);
        return of(new Shape('A', m, k, threads, type), row, column);
    }

    /// The right factor of a warp, `k x 8`.
    public static Fragment b(int k, Element type) {
        int e = perRegister(type);
        return of(new Shape('B', k, 8, 32, type), (_, t, i) -> e * t + i % e + 4 * e * (i / e), (g, _, _) -> g);
    }

    /// The accumulator of a warp, `m x 8` with m = 16 or 8.
    public static Fragment accumulator(int m, Element type) { return sum(m, 8, 32, type); }

    /// The accumulator of a warpgroup, `64 x n`.
    public static Fragment groupAccumulator(int n, Element type) { return sum(64, n, 128, type); }

    private static Fragment sum(int m, int n, int threads, Element type) {
        Place row = m == 8 ? (g, _, _) -> g : (g, _, i) -> g + 8 * (i / 2 % 2);
        Place column = (_, t, i) -> 8 * (i / 4) + 2 * t + i % 2;
        return of(new Shape('C', m, n, threads, type), row, column);
    }

    private static Fragment of(Shape shape, Place row, Place column) {
        return KNOWN.computeIfAbsent(shape, s -> new Fragment(s.rows, s.columns, s.threads, s.type.bits(), row, column));
    }

    private static int perRegister(Element type) { return Math.max(1, type.perWord()); }

    public int rows() { return rows; }

    public int columns() { return columns; }

    /// 32, or 128 for a warpgroup.
    public int threads() { return threads; }

    /// Elements of one thread.
    public int elements() { return elements; }

    /// Registers of one thread; they have 32 bits, for f64 64.
    public int registers() { return registers; }

    /// The row of element `i` of a thread (0 .. threads - 1).
    public int row(int thread, int i) { return rowOf[thread * elements + i]; }

    /// The column of element `i` of a thread.
    public int column(int thread, int i) { return columnOf[thread * elements + i]; }

    /// Which of the thread's registers holds element `i`.
    public int register(int i) { return i * width / Math.max(width, 32); }

    /// At which bit of that register it begins.
    public int shift(int i) { return i * width % Math.max(width, 32); }
}
