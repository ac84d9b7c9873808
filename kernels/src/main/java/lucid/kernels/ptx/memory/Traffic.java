package lucid.kernels.ptx.memory;

import lucid.kernels.ptx.memory.shadow.LanePattern;
import lucid.kernels.ptx.memory.shadow.Worker;

/// Requests of one worker thread, counted per instruction. Not failures: figures to judge a kernel by without a GPU.
public final class Traffic {
    /// Sums of one instruction.
    ///
    /// @param requests warp-wide accesses, and bulk copies
    /// @param wavefronts passes through the 32 banks of 4 bytes that shared accesses needed
    /// @param idealWavefronts passes that conflict-free accesses of the same size would need
    /// @param sectors 32-byte sectors of global memory touched
    /// @param idealSectors sectors that the same bytes would fill
    /// @param sharedBytes of shared memory that the active lanes asked for, or that copies took or filled
    /// @param globalBytes the same of global memory
    public record Counts(long requests, long wavefronts, long idealWavefronts, long sectors, long idealSectors, long sharedBytes, long globalBytes) {
        /// Of both.
        public long bytes() { return sharedBytes + globalBytes; }
    }

    private static final int FIELDS = 7;
    private static final int ROW_OF_BANKS = 128;
    private final long[] sums;
    private final int[] bankWords = new int[32 * 32];
    private final int[] bankUse = new int[32];
    private final long[] sectors = new long[32];

    private final Worker worker;
    private final LanePattern[] patterns;
    /// By instruction: patterns in a row that were not met again, or, below 0, executions to let pass.
    private final int[] strikes;

    /// @param instructions length of the entry
    public Traffic(int instructions) {
        this(instructions, 0);
    }

    /// @param worker number of the thread
    public Traffic(int instructions, int worker) {
        this.worker = new Worker(worker);
        this.patterns = new LanePattern[instructions];
        this.strikes = new int[instructions];
        sums = new long[instructions * FIELDS];
    }

    Worker worker() {
        return worker;
    }

    /// Lets other threads have what of global memory was this one's. Now and then between two instructions: who waits for it waits until then.
    public void answer() {
        worker.answer();
    }

    /// The thread accesses nothing any more.
    public void leave() {
        worker.leave();
    }

    /// The sums of one instruction.
    public Counts at(int instruction) {
        int i = instruction * FIELDS;
        return new Counts(sums[i], sums[i + 1], sums[i + 2], sums[i + 3], sums[i + 4], sums[i + 5], sums[i + 6]);
    }

    /// Adds another thread's sums.
    public void add(Traffic other) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += other.sums[i];
        }
    }

    /// How the lanes of an instruction lie, or null when they lie otherwise every time.
    LanePattern pattern(int instruction, int mask, long[] addresses, int bytes) {
        LanePattern pattern = patterns[instruction];
        if (pattern != null && pattern.matches(mask, addresses, bytes)) {
            pattern.hits++;
            return pattern;
        }
        return newPattern(instruction, mask, addresses, bytes, pattern);
    }

    private LanePattern newPattern(int instruction, int mask, long[] addresses, int bytes, LanePattern old) {
        if (strikes[instruction] < 0) {
            strikes[instruction]++;
            return null;
        }
        strikes[instruction] = old == null || old.hits > 0 ? 0 : strikes[instruction] + 1;
        if (strikes[instruction] >= LanePattern.STRIKES) {
            strikes[instruction] = -LanePattern.PAUSE;
        }
        var pattern = new LanePattern(mask, addresses, bytes);
        int group = bytes <= 4 ? 32 : 128 / bytes;
        for (int from = 0; from < 32; from += group) {
            int part = mask & (group == 32 ? -1 : (1 << group) - 1 << from);
            if (part != 0) {
                pattern.waves += waves(part, addresses, bytes);
                pattern.idealWaves++;
            }
        }
        patterns[instruction] = pattern;
        return pattern;
    }

    /// A shared access; moving a whole pattern by multiples of its size leaves its bank conflicts as they are.
    void shared(int instruction, LanePattern pattern) {
        int i = instruction * FIELDS;
        sums[i]++;
        sums[i + 1] += pattern.waves;
        sums[i + 2] += pattern.idealWaves;
        sums[i + 5] += (long) pattern.lanes() * pattern.bytes;
    }

    /// A global access.
    void global(int instruction, LanePattern pattern, long[] addresses) {
        int bits = (int) addresses[pattern.first] & 31;
        if (bits != pattern.sectorBits) {
            pattern.sectorBits = bits;
            pattern.sectors = sectors(pattern.mask, addresses);
        }
        int i = instruction * FIELDS;
        long total = (long) pattern.lanes() * pattern.bytes;
        sums[i]++;
        sums[i + 3] += pattern.sectors;
        sums[i + 4] += total + 31 >>> 5;
        sums[i + 6] += total;
    }

    /// A request that is no access of lanes: a bulk copy, whose ends are counted by [#sharedRange] and [#globalRange].
    public void request(int instruction) { sums[instruction * FIELDS]++; }

    /// A run of shared memory that a copy takes or fills: all banks at a time.
    public void sharedRange(int instruction, long bytes) {
        int i = instruction * FIELDS;
        long waves = (bytes + ROW_OF_BANKS - 1) / ROW_OF_BANKS;
        sums[i + 1] += waves;
        sums[i + 2] += waves;
        sums[i + 5] += bytes;
    }

    /// A run of global memory that a copy takes or fills.
    public void globalRange(int instruction, long address, long bytes) {
        int i = instruction * FIELDS;
        sums[i + 3] += (address + bytes - 1 >>> 5) - (address >>> 5) + 1;
        sums[i + 4] += bytes + 31 >>> 5;
        sums[i + 6] += bytes;
    }

    /// The shared half of a `cp.async`, whose global half is counted as a load.
    public void sharedHalf(int instruction, int mask, long[] addresses, int bytes) {
        shared(instruction, mask, addresses, bytes);
        sums[instruction * FIELDS]--;
    }

    /// Any shared access. Up to 4 bytes per lane the whole warp is one pass, 8 bytes take a half warp at a time, 16 bytes a quarter;
    /// lanes that want the same word share it (CUDA C++ Programming Guide, "Shared Memory").
    void shared(int instruction, int mask, long[] addresses, int bytes) {
        int group = bytes <= 4 ? 32 : 128 / bytes;
        int i = instruction * FIELDS;
        if (mask == -1 && bytes <= 4 && oneRow(addresses)) {
            sums[i]++;
            sums[i + 1]++;
            sums[i + 2]++;
            sums[i + 5] += 32L * bytes;
            return;
        }
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

    /// True when all lie in one row of the 32 banks: different words are then in different banks.
    private static boolean oneRow(long[] addresses) {
        long first = addresses[0];
        long difference = 0;
        for (int lane = 0; lane < 32; lane++) {
            difference |= addresses[lane] ^ first;
        }
        return difference >>> 7 == 0;
    }

    /// An aligned access of 8 or 16 bytes takes whole groups of 2 or 4 banks, so that such groups count like banks.
    private int waves(int mask, long[] addresses, int bytes) {
        int shift = bytes <= 4 ? 2 : Integer.numberOfTrailingZeros(bytes);
        int banks = 128 >> shift;
        int seen = 0;
        int most = 1;
        for (int lanes = mask; lanes != 0; lanes &= lanes - 1) {
            int word = (int) (addresses[Integer.numberOfTrailingZeros(lanes)] >>> shift);
            int bank = word & banks - 1;
            if ((seen >>> bank & 1) == 0) {
                seen |= 1 << bank;
                bankUse[bank] = 1;
                bankWords[bank * 32] = word;
            } else if (bankWords[bank * 32] != word) {
                most = Math.max(most, use(bank, word));
            }
        }
        return most;
    }

    private int use(int bank, int word) {
        int used = bankUse[bank];
        for (int i = 1; i < used; i++) {
            if (bankWords[bank * 32 + i] == word) {
                return used;
            }
        }
        bankWords[bank * 32 + used] = word;
        return bankUse[bank] = used + 1;
    }

    /// Any global access.
    void global(int instruction, int mask, long[] addresses, int bytes) {
        int i = instruction * FIELDS;
        int lanes = Integer.bitCount(mask);
        sums[i]++;
        sums[i + 3] += sectors(mask, addresses);
        sums[i + 4] += lanes * bytes + 31 >>> 5;
        sums[i + 6] += (long) lanes * bytes;
    }

    /// An access is at most 16 bytes and aligned, so it lies in one sector. Neighbouring lanes mostly share one.
    private int sectors(int mask, long[] addresses) {
        int count = 0;
        long last = -1;
        for (int lanes = mask; lanes != 0; lanes &= lanes - 1) {
            long sector = addresses[Integer.numberOfTrailingZeros(lanes)] >>> 5;
            if (sector != last) {
                last = sector;
                int i = 0;
                while (i < count && sectors[i] != sector) {
                    i++;
                }
                if (i == count) {
                    sectors[count++] = sector;
                }
            }
        }
        return count;
    }
}
