package lucid.kernels.ptx.memory.unshared;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import lucid.kernels.ptx.memory.Accessor;
import lucid.kernels.ptx.memory.Lanes;
import lucid.kernels.ptx.memory.Reports;
import lucid.kernels.ptx.text.syntax.Variable;

/// Local memory of the 32 threads of a warp: the same addresses lead every lane to bytes of its own. Starts as uninitialised 0xFF.
public final class LocalMemory {
    private final List<Variable> variables;
    private final int size;
    /// Made when somebody first uses it.
    private byte[] bytes;
    private final BitSet ready = new BitSet();

    public LocalMemory(List<Variable> variables) {
        this.variables = List.copyOf(variables);
        long end = 0;
        for (Variable variable : variables) {
            end = Math.max(end, variable.offset() + variable.bytes());
        }
        this.size = Math.toIntExact(end);
    }

    /// As [lucid.kernels.ptx.memory.CheckedMemory#load].
    public void load(Accessor who, int mask, long[] addresses, int width, int[] out, int[] bases) {
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int at = place(who, lane, addresses[lane], width);
            if (at < 0) {
                for (int w = 0; w << 2 < width; w++) {
                    out[bases[w] + lane] = width >= 4 ? -1 : -1 >>> 32 - 8 * width;
                }
                continue;
            }
            if (ready.nextClearBit(at) < at + width) {
                Reports.privateUninitialised(who, lane, "local", addresses[lane], width, describe(addresses[lane]));
            }
            Lanes.get(bytes, at, lane, width, out, bases);
        }
    }

    /// As [lucid.kernels.ptx.memory.CheckedMemory#store].
    public void store(Accessor who, int mask, long[] addresses, int width, int[] in, int[] bases) {
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int at = place(who, lane, addresses[lane], width);
            if (at >= 0) {
                ready.set(at, at + width);
                Lanes.set(bytes, at, lane, width, in, bases);
            }
        }
    }

    private int place(Accessor who, int lane, long address, int width) {
        if (bytes == null) {
            bytes = new byte[size * 32];
            Arrays.fill(bytes, (byte) 0xff);
        }
        if (address < 0 || address + width > size) {
            Reports.privateBounds(who, lane, "local", address, width, describe(address));
            return -1;
        }
        if ((address & width - 1) != 0) {
            Reports.privateAlignment(who, lane, "local", address, width);
            return -1;
        }
        return lane * size + (int) address;
    }

    private String describe(long address) {
        for (Variable variable : variables) {
            if (address >= variable.offset() && address < variable.offset() + variable.bytes()) {
                return "byte " + (address - variable.offset()) + " of '" + variable.name() + "'";
            }
        }
        return address < 0 ? -address + " bytes before local memory" : address - size + " bytes past the thread's " + size + " bytes";
    }
}
