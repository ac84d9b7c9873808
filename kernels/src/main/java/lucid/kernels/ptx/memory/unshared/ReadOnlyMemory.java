package lucid.kernels.ptx.memory.unshared;

import java.util.List;
import lucid.kernels.ptx.memory.Accessor;
import lucid.kernels.ptx.memory.Lanes;
import lucid.kernels.ptx.memory.Reports;
import lucid.kernels.ptx.memory.order.Runs;
import lucid.kernels.ptx.text.syntax.Space;
import lucid.kernels.ptx.text.syntax.Variable;

/// Memory that a kernel only reads: constants and parameters.
public abstract sealed class ReadOnlyMemory permits ConstantMemory, ParameterBlock {
    private final Space space;
    private final byte[] bytes;
    private final List<Variable> variables;

    ReadOnlyMemory(Space space, List<Variable> variables, byte[] bytes) {
        this.space = space;
        this.variables = List.copyOf(variables);
        this.bytes = bytes;
    }

    /// The address of a variable within the space.
    public abstract long addressOf(Variable variable);

    /// Address of the first byte.
    abstract long first();

    /// The content, for operands that are read as a whole (a tensor map); null when the range is not inside.
    public byte[] peek(long address, int width) {
        long offset = address - first();
        return offset < 0 || offset + width > bytes.length ? null : java.util.Arrays.copyOfRange(bytes, (int) offset, (int) offset + width);
    }

    /// All 32 lanes read one place, as they nearly always do here.
    private boolean broadcast(long address, int width, int[] out, int[] bases) {
        long offset = address - first();
        if (offset < 0 || offset + width > bytes.length || (address & width - 1) != 0) {
            return false;
        }
        Lanes.get(bytes, (int) offset, 0, width, out, bases);
        Lanes.spread(width, out, bases);
        return true;
    }

    /// As [lucid.kernels.ptx.memory.CheckedMemory#load].
    public void load(Accessor who, int mask, long[] addresses, int width, int[] out, int[] bases) {
        if (mask == -1 && Runs.same(addresses, 0, 32) && broadcast(addresses[0], width, out, bases)) {
            return;
        }
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            long offset = addresses[lane] - first();
            boolean inside = offset >= 0 && offset + width <= bytes.length;
            if (inside && (addresses[lane] & width - 1) == 0) {
                Lanes.get(bytes, (int) offset, lane, width, out, bases);
                continue;
            }
            if (inside) {
                Reports.privateAlignment(who, lane, space.text(), addresses[lane], width);
            } else {
                Reports.privateBounds(who, lane, space.text(), addresses[lane], width, describe(offset));
            }
            for (int w = 0; w << 2 < width; w++) {
                out[bases[w] + lane] = width >= 4 ? -1 : -1 >>> 32 - 8 * width;
            }
        }
    }

    /// A store there is a finding.
    public void store(Accessor who, int mask, long[] addresses) {
        int lane = Integer.numberOfTrailingZeros(mask);
        Reports.readOnly(who, lane, space.text(), addresses[lane]);
    }

    private String describe(long offset) {
        return offset < 0 ? -offset + " bytes before its start" : offset - bytes.length + " bytes past its end (" + bytes.length + " bytes: "
                + variables.stream().map(Variable::name).toList() + ")";
    }
}
