package lucid.kernels.ptx.memory;

/// Requests of one worker thread, counted per instruction. Not failures: figures to judge a kernel by without a GPU.
public final class Traffic {
    /// Sums of one instruction.
    ///
    /// @param requests warp-wide accesses
    /// @param wavefronts passes through the 32 banks of 4 bytes that shared accesses needed
    /// @param idealWavefronts passes that conflict-free accesses of the same size would need
    /// @param sectors 32-byte sectors of global memory touched
    /// @param idealSectors sectors that the same bytes would fill
    /// @param bytes asked for by the active lanes
    public record Counts(long requests, long wavefronts, long idealWavefronts, long sectors, long idealSectors, long bytes) {}

    private static final int FIELDS = 6;
    private final long[] sums;
    private final int[] bankWords = new int[32 * 32];
    private final int[] bankUse = new int[32];

    /// @param instructions length of the entry
    public Traffic(int instructions) {
        sums = new long[instructions * FIELDS];
    }

    /// The sums of one instruction.
    public Counts at(int instruction) {
        int i = instruction * FIELDS;
        return new Counts(sums[i], sums[i + 1], sums[i + 2], sums[i + 3], sums[i + 4], sums[i + 5]);
    }

    /// Adds another thread's sums.
    public void add(Traffic other) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += other.sums[i];
        }
    }

    /// A shared access without bank conflicts, by `lanes` neighbouring lanes.
    void sharedRun(int instruction, int lanes, int bytes) {
        int i = instruction * FIELDS;
        long waves = Math.max(1, (lanes * bytes + 127) / 128);
        sums[i]++;
        sums[i + 1] += waves;
        sums[i + 2] += waves;
        sums[i + 5] += (long) lanes * bytes;
    }

    /// A global access of neighbouring bytes.
    void globalRun(int instruction, long first, int lanes, int bytes) {
        int i = instruction * FIELDS;
        long total = (long) lanes * bytes;
        sums[i]++;
        sums[i + 3] += (first + total - 1 >>> 5) - (first >>> 5) + 1;
        sums[i + 4] += total + 31 >>> 5;
        sums[i + 5] += total;
    }

    /// All lanes read the same place.
    void broadcast(int instruction, int lanes, int bytes, boolean shared) {
        int i = instruction * FIELDS;
        sums[i]++;
        sums[i + (shared ? 1 : 3)]++;
        sums[i + (shared ? 2 : 4)]++;
        sums[i + 5] += (long) lanes * bytes;
    }

    /// Any shared access. Up to 4 bytes per lane the whole warp is one pass, 8 bytes take a half warp at a time, 16 bytes a quarter;
    /// lanes that want the same word share it (CUDA C++ Programming Guide, "Shared Memory").
    void shared(int instruction, int mask, long[] addresses, int bytes) {
        int group = bytes <= 4 ? 32 : 128 / bytes;
        int i = instruction * FIELDS;
        for (int from = 0; from < 32; from += group) {
            int part = mask & (group == 32 ? -1 : (1 << group) - 1 << from);
            if (part != 0) {
                sums[i + 1] += waves(part, addresses, bytes);
                sums[i + 2]++;
            }
        }
        sums[i]++;
        sums[i + 5] += (long) Integer.bitCount(mask) * bytes;
    }

    private int waves(int mask, long[] addresses, int bytes) {
        java.util.Arrays.fill(bankUse, 0);
        int most = 1;
        for (int lanes = mask; lanes != 0; lanes &= lanes - 1) {
            int word = (int) addresses[Integer.numberOfTrailingZeros(lanes)] >>> 2;
            for (int end = word + Math.max(1, bytes >> 2); word < end; word++) {
                most = Math.max(most, use(word));
            }
        }
        return most;
    }

    private int use(int word) {
        int bank = word & 31;
        int used = bankUse[bank];
        int from = bank * 32;
        for (int i = 0; i < used; i++) {
            if (bankWords[from + i] == word) {
                return used;
            }
        }
        bankWords[from + used] = word;
        return bankUse[bank] = used + 1;
    }

    /// Any global access.
    void global(int instruction, int mask, long[] addresses, int bytes) {
        int i = instruction * FIELDS;
        int lanes = Integer.bitCount(mask);
        sums[i]++;
        sums[i + 3] += sectors(mask, addresses);
        sums[i + 4] += lanes * bytes + 31 >>> 5;
        sums[i + 5] += (long) lanes * bytes;
    }

    /// An access is at most 16 bytes and aligned, so it lies in one sector.
    private int sectors(int mask, long[] addresses) {
        int count = 0;
        for (int lanes = mask; lanes != 0; lanes &= lanes - 1) {
            long sector = addresses[Integer.numberOfTrailingZeros(lanes)] >>> 5;
            int earlier = mask & ~(lanes | -lanes);
            boolean fresh = true;
            for (; earlier != 0 && fresh; earlier &= ~Integer.highestOneBit(earlier)) {
                fresh = addresses[31 - Integer.numberOfLeadingZeros(earlier)] >>> 5 != sector;
            }
            count += fresh ? 1 : 0;
        }
        return count;
    }
}
