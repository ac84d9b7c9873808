package lucid.kernels.ptx.memory;

import java.util.Arrays;
import java.util.List;
import lucid.kernels.ptx.memory.shadow.Page;
import lucid.kernels.ptx.memory.shadow.Shadow;
import lucid.kernels.ptx.text.syntax.Space;
import lucid.kernels.ptx.text.syntax.Variable;

/// A block's shared memory: its static variables, then the dynamic array. Starts as uninitialised 0xFF: a NaN in every format.
///
/// On sm_90 an address is `rank << 24 | offset` and offsets begin at 0x400, the first KB being the system's; on sm_80 they begin at 0. The dynamic
/// array lies at an address that is aligned as declared and no better (with an odd seed), so that code that assumes more is caught.
public final class SharedMemory extends CheckedMemory {
    /// Where offsets begin on sm_90.
    public static final int SM_90_BASE = 0x400;
    private static final int RANK_SHIFT = 24;

    private final List<Variable> variables;
    private final int base;
    private final int rank;
    private final int dynamicOffset;
    private final byte[] bytes;
    private final Page[] pages;
    private SharedMemory[] cluster;
    private boolean exited;

    /// @param variables of the entry: static ones with their offsets, then at most one dynamic array
    /// @param dynamicBytes size of the dynamic array
    /// @param base where offsets begin: [#SM_90_BASE] or 0
    /// @param rank of the block in its cluster
    /// @param seed odd: the dynamic array is aligned as declared and no better; also of the order of lanes within an atomic instruction
    public SharedMemory(List<Variable> variables, int dynamicBytes, int base, int rank, long seed) {
        super(seed);
        this.variables = List.copyOf(variables);
        this.base = base;
        this.rank = rank;
        long end = 0;
        int alignment = 1;
        for (Variable variable : variables) {
            if (variable.dynamic()) {
                alignment = Math.max(alignment, variable.alignment());
            } else {
                end = Math.max(end, variable.offset() + variable.bytes());
            }
        }
        long dynamic = Math.ceilDiv(base + end, alignment) * alignment;
        if ((seed & 1) != 0 && dynamic % (2L * alignment) == 0) {
            dynamic += alignment;
        }
        dynamicOffset = (int) (dynamic - base);
        bytes = new byte[dynamicBytes > 0 ? dynamicOffset + dynamicBytes : (int) end];
        Arrays.fill(bytes, (byte) 0xff);
        pages = new Page[Math.ceilDiv(bytes.length, Shadow.BYTES)];
        for (int i = 0; i < pages.length; i++) {
            int origin = i * Shadow.BYTES;
            int length = Math.min(Shadow.BYTES, bytes.length - origin);
            pages[i] = new Page(bytes, origin, first() + origin, 0, length, new Shadow(length, true));
        }
        cluster = new SharedMemory[] {this};
        if (rank != 0) {
            cluster = new SharedMemory[rank + 1];
            cluster[rank] = this;
        }
    }

    /// Makes the blocks of a cluster see each other's shared memory.
    ///
    /// @param ranks by rank
    public static void connect(SharedMemory[] ranks) {
        for (SharedMemory memory : ranks) {
            memory.cluster = ranks;
        }
    }

    /// The block has exited: its memory is gone for the others of its cluster.
    public void exit() {
        exited = true;
    }

    /// Address of the first byte.
    public long first() {
        return (long) rank << RANK_SHIFT | base;
    }

    /// The address of a static variable or of the dynamic array.
    public long addressOf(Variable variable) {
        return first() + (variable.dynamic() ? dynamicOffset : variable.offset());
    }

    /// Static and dynamic bytes together, with the padding between them.
    public int size() {
        return bytes.length;
    }

    /// The content; byte 0 is at [#first].
    public byte[] bytes() {
        return bytes;
    }

    /// The rank that an address names.
    public static int rankOf(long address) {
        return (int) (address >>> RANK_SHIFT);
    }

    /// The same place in another block of the cluster (`mapa`).
    public static long map(long address, int rank) {
        return address & (1L << RANK_SHIFT) - 1 | (long) rank << RANK_SHIFT;
    }

    public int rank() {
        return rank;
    }

    /// The shared memory of a rank of this cluster, or null when there is none.
    public SharedMemory ofRank(int wanted) {
        return wanted >= 0 && wanted < cluster.length ? cluster[wanted] : null;
    }

    /// The lanes whose addresses lie in other blocks of the cluster.
    public int foreign(int mask, long[] addresses) {
        int foreign = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            if (rankOf(addresses[lane]) != rank) {
                foreign |= 1 << lane;
            }
        }
        return foreign;
    }

    @Override
    Page page(long address) {
        if (address >>> RANK_SHIFT != rank) {
            SharedMemory other = address >>> RANK_SHIFT < cluster.length ? cluster[(int) (address >>> RANK_SHIFT)] : null;
            return other == null || other == this || other.exited ? null : other.page(address);
        }
        long offset = address - first();
        return offset < 0 || offset >= bytes.length ? null : pages[(int) offset >> 14];
    }

    @Override
    public Space space() {
        return Space.SHARED;
    }

    @Override
    public String describe(long address, int size) {
        long wanted = address >>> RANK_SHIFT;
        if (wanted != rank && wanted >= 0 && wanted < cluster.length && cluster[(int) wanted] != null) {
            SharedMemory other = cluster[(int) wanted];
            return "in the block of rank " + wanted + " of the cluster"
                    + (other.exited ? ", which has exited" : ": " + other.describe(address, size));
        }
        if (Windows.spaceOf(address) != Space.GENERIC) {
            return "a generic address of ." + Windows.spaceOf(address).text() + " memory; convert it with cvta.to.shared first";
        }
        long offset = address - first();
        if (offset < 0 || offset >= bytes.length) {
            return (offset < 0 ? -offset + " bytes before the start" : offset - bytes.length + " bytes past the end")
                    + " of the block's shared memory (" + bytes.length
                    + " bytes at 0x" + Long.toHexString(first()) + ")";
        }
        String over = offset + size > bytes.length ? ", reaching " + (offset + size - bytes.length) + " bytes past the end of shared memory" : "";
        for (Variable variable : variables) {
            long from = variable.dynamic() ? dynamicOffset : variable.offset();
            if (offset >= from && (variable.dynamic() || offset < from + variable.bytes())) {
                return "byte " + (offset - from) + " of '" + variable.name() + "'" + over;
            }
        }
        return "byte " + offset + " of the block's shared memory, in the padding before a variable" + over;
    }
}
