package lucid.kernels.ptx.machine;

import java.util.List;
import lucid.kernels.ptx.text.Entry;
import lucid.kernels.ptx.text.Variable;

/// Where the shared variables of every block of a launch lie (offsets within the block's window).
///
/// @param base where shared memory begins: 0x400 for `sm_90`, whose first KB is the system's, else 0
/// @param dynamic offset of the `extern .shared` array
/// @param end one past the last byte
public record SharedLayout(int base, int dynamic, int end) {

    /// The dynamic array lies on an address that is only as aligned as it was declared, so that a kernel that assumes more is caught.
    static SharedLayout of(Entry entry, boolean hopper, int dynamicBytes, int limit) {
        int base = hopper ? 0x400 : 0;
        long end = base;
        int alignment = 1;
        for (Variable variable : entry.shared()) {
            if (variable.dynamic()) {
                alignment = Math.max(alignment, variable.alignment());
            } else {
                end = Math.max(end, base + variable.offset() + variable.bytes());
            }
        }
        long dynamic = (end + alignment - 1) / alignment * alignment;
        boolean overAligned = dynamic % (2L * alignment) == 0;
        if (dynamicBytes > 0 && overAligned && dynamic + alignment + dynamicBytes - base <= limit) {
            dynamic += alignment;
        }
        return new SharedLayout(base, Math.toIntExact(dynamic), Math.toIntExact(Math.max(end, dynamic + dynamicBytes)));
    }

    /// Bytes from the base to the end.
    int bytes() {
        return end - base;
    }

    long addressOf(Variable variable) {
        return variable.dynamic() ? dynamic : base + variable.offset();
    }

    /// Static bytes of an entry.
    static long staticBytes(List<Variable> shared) {
        return shared.stream().filter(v -> !v.dynamic()).mapToLong(v -> v.offset() + v.bytes()).max().orElse(0);
    }
}
