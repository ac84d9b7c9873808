package lucid.kernels.simd.matmul;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.simd.vector.Jvm;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.Transpose;

/// Watches whether HotSpot has really turned the register tile into vector instructions. When it has not, every vector is an object and the product
/// runs some hundred times slower, without a word; other tile kernels have been seen to do so in one JVM start of ten. The tell-tale is allocation:
/// a tile in registers allocates nothing.
///
/// [#check()] looks at once and says what it found (`lucid devices`). [Watch] looks while products run, costs two reads of a counter for a few
/// panels, and on failure switches, announced, to a second copy of the tile's class, which HotSpot compiles anew. The tile serves all products of
/// more than [Gemv#ROWS] rows and attention's scores, and any product's watch speaks for all of them; [Gemv]'s tiles and attention's other ones are
/// not watched.
public final class Intrinsics {
    private static final System.Logger LOG = System.getLogger(Intrinsics.class.getName());
    private static final long BUDGET_NANOS = 5_000_000_000L;
    private static final int CHAIN = 256;

    /// Whether products run the second copy.
    static volatile boolean spare;

    private Intrinsics() {}

    /// [GemmTile#run], in the copy of the tile that works.
    public static void tile(int height, float[] a, int ao, int as, MemorySegment b, long bo, long pitch, int k, float[] c, int co, boolean resume) {
        if (spare) Copies.run(Copies.SPARE, height, a, ao, as, b, bo, pitch, k, c, co, resume);
        else GemmTile.run(height, a, ao, as, b, bo, pitch, k, c, co, resume);
    }

    /// The same for a right factor of bf16 in the order of [PanelOrder].
    static void narrowTile(int height, float[] a, int ao, int as, MemorySegment b, long bo, long pitch, int k, float[] c, int co, boolean resume) {
        if (spare) Copies.run(Copies.SPARE_NARROW, height, a, ao, as, b, bo, pitch, k, c, co, resume);
        else Copies.run(Copies.NARROW, height, a, ao, as, b, bo, pitch, k, c, co, resume);
    }

    /// Looked up once, and only by those who look: the look-up itself allocates.
    private static final class Heap {
        static final ThreadMXBean THREADS = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    }

    private static long allocated() { return Heap.THREADS.getCurrentThreadAllocatedBytes(); }

    /// Runs the tile and the transposition until they stop allocating, for at most five seconds, and returns one line for people.
    /// Not being done in time is no failure: the compiler may have been busy, and the watch goes on.
    public static String check() {
        Optional<String> hindrance = Jvm.hindrance();
        if (hindrance.isPresent()) return "hot kernels are no vector instructions, so products are right but very slow: " + hindrance.get();
        float[] a = new float[GemmTile.HEIGHT * CHAIN];
        float[] c = new float[GemmTile.SIZE];
        int[] squares = new int[Transpose.SCRATCH];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rows = floats(arena, Species.LANES * CHAIN);
            MemorySegment b = floats(arena, GemmTile.WIDTH * CHAIN);
            long pitch = 4L * GemmTile.WIDTH;
            long deadline = System.nanoTime() + BUDGET_NANOS;
            while (true) {
                long before = allocated();
                for (int i = 0; i < 16; i++) GemmTile.run(GemmTile.HEIGHT, a, 0, GemmTile.STRIP * CHAIN, b, 0, pitch, CHAIN, c, 0, false);
                Transpose.panel(rows, 0, 4L * CHAIN, Species.LANES - 1, CHAIN / Transpose.columns(DType.F32), DType.F32, b, 0, pitch, squares);
                if (allocated() - before < 64) {
                    return "hot kernels are vector instructions: tile " + GemmTile.HEIGHT + " x " + GemmTile.WIDTH + ", " + Species.BITS + "-bit";
                }
                if (System.nanoTime() > deadline)
                    return "hot kernels are not compiled yet after " + BUDGET_NANOS / 1_000_000_000 + " s; they are watched while they run";
            }
        }
    }

    /// The same segment kind as every buffer's, so that the check does not teach the call sites a second one.
    private static MemorySegment floats(Arena arena, int n) {
        return MemorySegment.ofAddress(arena.allocate(4L * n, 64).address()).reinterpret(4L * n);
    }

    /// One thread's watch over its tiles. It opens its eyes when the tile should have been compiled, and closes them after three clean panels. On a
    /// busy machine the compiler may be seconds late, so only a tile that still allocates ten seconds later has failed. When any thread has gone over
    /// to the second copy, every watch begins anew with that: what a thread saw of the first copy says nothing of it.
    static final class Watch {
        private static final long WARM_TILES = 20_000;
        private static final int CLEAN = 3;
        private static final long PATIENCE_NANOS = 10_000_000_000L;
        private long tiles;
        private int clean;
        private long boxedSince;
        private boolean over;
        private boolean onSpare;
        private final long patience;

        Watch() { this(PATIENCE_NANOS); }

        Watch(long patienceNanos) { patience = patienceNanos; }

        /// Before a panel: the thread's allocation counter, or -1 when nobody looks.
        long before(int panelTiles) {
            if (spare && !onSpare) beginOnSpare();
            if (over) return -1;
            tiles += panelTiles;
            return tiles < WARM_TILES ? -1 : allocated();
        }

        private void beginOnSpare() {
            onSpare = true;
            tiles = 0;
            clean = 0;
            boxedSince = 0;
            over = false;
        }

        /// After it. A boxed tile allocates at least kilobytes.
        void after(long before, int panelTiles) {
            if (before < 0) return;
            if (allocated() - before < 1024L * panelTiles) {
                boxedSince = 0;
                over = ++clean == CLEAN;
                return;
            }
            clean = 0;
            long now = System.nanoTime();
            if (boxedSince == 0) {
                boxedSince = now;
            } else if (now - boxedSince > patience) {
                over = true;
                failed(onSpare);
            }
        }
    }

    private static synchronized void failed(boolean second) {
        if (second) {
            LOG.log(System.Logger.Level.WARNING, "The matrix tile does not compile to vector instructions in this JVM, nor does its second copy: "
                    + "products are right but slow. Restart the process.");
        } else if (!spare) {
            LOG.log(System.Logger.Level.WARNING, "The matrix tile did not compile to vector instructions in this JVM; switching to a second copy of "
                    + "it.");
            spare = true;
        }
    }

    /// The tile's copies.
    static final class Copies {
        static final MethodHandle NARROW = define(true);
        static final MethodHandle SPARE = define(false);
        static final MethodHandle SPARE_NARROW = define(true);

        private Copies() {}

        private static MethodHandle define(boolean narrow) {
            return TileCopy.of(GemmTile.class, narrow, "run", MethodType.methodType(void.class, int.class, float[].class, int.class, int.class,
                    MemorySegment.class, long.class, long.class, int.class, float[].class, int.class, boolean.class));
        }

        /// @param copy one of the constants above
        static void run(MethodHandle copy, int height, float[] a, int ao, int as, MemorySegment b, long bo, long pitch, int k, float[] c, int co,
                boolean resume) {
            try {
                copy.invokeExact(height, a, ao, as, b, bo, pitch, k, c, co, resume);
            } catch (Throwable t) {
                throw TileCopy.failure(t);
            }
        }
    }
}
