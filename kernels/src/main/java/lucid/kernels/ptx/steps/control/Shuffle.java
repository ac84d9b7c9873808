package lucid.kernels.ptx.steps.control;

import java.util.Arrays;
import java.util.Locale;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;

/// `shfl.sync.{up,down,bfly,idx}.b32 d{|p}, a, b, c, membermask` (PTX ISA, "shfl.sync"): c holds the clamp value in bits 4:0 and the segment mask in
/// bits 12:8; a lane whose source is out of its segment keeps its own value and gets a false p.
final class Shuffle {
    private enum Mode { UP, DOWN, BFLY, IDX }

    private Shuffle() {}

    static Step decode(Form form) {
        form.oneOf("sync");
        Mode mode = Mode.valueOf(form.oneOf("up", "down", "bfly", "idx").toUpperCase(Locale.ROOT));
        form.type(PtxType.B32);
        form.end(5);
        Operand target = form.operand(0);
        int d = form.wordTarget(target instanceof Operand.Pair(Operand first, Operand _) ? first : target, PtxType.B32);
        int p = target instanceof Operand.Pair(Operand _, Operand second) ? form.predicateTarget(second) : -1;
        int a = form.word(1, PtxType.B32);
        int b = form.word(2, PtxType.B32);
        int c = form.word(3, PtxType.B32);
        int members = form.word(4, PtxType.B32);
        return Collectives.synchronised(members, (warp, lanes) -> {
            int[] r = warp.words;
            int[] old = Arrays.copyOfRange(r, a, a + 32);
            int valid = 0;
            for (int left = lanes; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                int control = r[c + l];
                int segment = control >>> 8 & 31;
                int end = l & segment | control & 31 & ~segment;
                int j = source(mode, l, r[b + l] & 31, segment);
                boolean inside = mode == Mode.UP ? j >= end : j <= end;
                valid |= (inside ? 1 : 0) << l;
                int from = inside ? j : l;
                if ((lanes >>> from & 1) == 0) {
                    Collectives.absent(warp, l, from);
                }
                r[d + l] = old[from];
            }
            if (p >= 0) {
                Collectives.set(warp.predicates, p, lanes, valid);
            }
        });
    }

    /// Where a lane would read from.
    private static int source(Mode mode, int lane, int offset, int segment) {
        return switch (mode) {
            case UP -> lane - offset;
            case DOWN -> lane + offset;
            case BFLY -> lane ^ offset;
            case IDX -> lane & segment | offset & ~segment;
        };
    }
}
