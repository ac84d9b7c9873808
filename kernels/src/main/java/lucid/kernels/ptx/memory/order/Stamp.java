package lucid.kernels.ptx.memory.order;

/// An access in 64 bits: what the shadow keeps per granule. 0 means none.
///
/// ```
/// 63        44 43      29 28       14 13    8 7    6 5    0
/// [  time 20  |  site 15 |  block 15 | agent 6|kind 2| lane 6]
/// ```
/// `time` is the agent's own clock, `site` the instruction's index, `block` the linear index of the block modulo 32,768 (two blocks that far
/// apart are taken for one: a race between exactly these two is missed, none is invented). Agents 0..31 are the warps of the block,
/// 32..63 the asynchronous copies that these warps have issued. Lane 32 ([#MANY]) means several lanes.
public final class Stamp {
    /// The lane of an access of several lanes.
    public static final int MANY = 32;
    /// The kind of a plain load or store.
    public static final int WEAK = 1;
    /// Atomic, volatile, relaxed or stronger with scope `.cta`.
    static final int STRONG_BLOCK = 2;
    /// The same with a wider scope.
    static final int STRONG = 3;
    static final int MAX_TIME = (1 << 20) - 1;
    /// Instructions with a higher index share this one; their reports do not name the earlier access's line.
    static final int LAST_SITE = (1 << 15) - 1;
    /// `stamp >>> IDENTITY` leaves the lane and the kind out.
    static final int IDENTITY = 8;
    /// `stamp >>> LANE_BITS` leaves the lane out.
    public static final int LANE_BITS = 6;

    private Stamp() {}

    /// A stamp without a lane; or-ing a lane in completes it.
    public static long of(int time, int site, int block, int agent, int kind) {
        return (long) time << 44 | (long) Math.min(site, LAST_SITE) << 29 | (long) (block & 0x7fff) << 14 | (long) agent << 8 | (long) kind << 6;
    }

    /// The clock of the agent that did it.
    public static int time(long stamp) {
        return (int) (stamp >>> 44);
    }

    /// The index of its instruction.
    public static int site(long stamp) {
        return (int) (stamp >>> 29) & 0x7fff;
    }

    /// Its block, modulo 32,768.
    public static int block(long stamp) {
        return (int) (stamp >>> 14) & 0x7fff;
    }

    /// Its warp, or 32 + warp for a copy that the warp issued.
    public static int agent(long stamp) {
        return (int) (stamp >>> 8) & 63;
    }

    static int kind(long stamp) {
        return (int) (stamp >>> 6) & 3;
    }

    /// Its lane, or [#MANY].
    public static int lane(long stamp) {
        return (int) stamp & 63;
    }

    /// The same access by this lane.
    public static long withLane(long stamp, int lane) {
        return stamp & -64L | lane;
    }

    /// The warp and its block, or the warp's copies: bits 8 to 28.
    public static long identity(long stamp) {
        return stamp >>> 8 & 0x1fffffL;
    }

    /// The same warp of the same block, or the same warp's copies.
    public static boolean sameAgent(long a, long b) {
        return ((a ^ b) >>> 8 & 0x1fffffL) == 0;
    }

    /// Whether two accesses are of one block.
    public static boolean sameBlock(long a, long b) {
        return ((a ^ b) >>> 14 & 0x7fffL) == 0;
    }

    /// Two accesses that the memory model lets meet: both strong, and each one's scope takes in the other (PTX ISA, "Morally Strong Operations").
    public static boolean morallyStrong(long a, long b) {
        int kindA = kind(a);
        int kindB = kind(b);
        return kindA >= STRONG_BLOCK && kindB >= STRONG_BLOCK && (kindA == STRONG && kindB == STRONG || sameBlock(a, b));
    }
}
