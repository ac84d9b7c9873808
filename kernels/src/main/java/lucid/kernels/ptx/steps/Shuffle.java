package lucid.kernels.ptx.steps;

import java.util.Arrays;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.text.Operand;
import lucid.kernels.ptx.text.PtxType;

/// `shfl.sync.{up,down,bfly,idx}.b32 d{|p}, a, b, c, membermask` (PTX ISA, "shfl.sync"): c holds the clamp value in bits 4:0 and the segment mask in
/// bits 12:8; a lane whose source is out of its segment keeps its own value and gets a false p.
final class Shuffle {
    private Shuffle() {}

    static Step decode(Form form) {
        form.oneOf("sync");
        String mode = form.oneOf("up", "down", "bfly", "idx");
        form.type(PtxType.B32);
        form.end(5);
        Operand target = form.operand(0);
        int d = form.wordTarget(target instanceof Operand.Pair(Operand first, Operand _) ? first : target, PtxType.B32);
        int p = target instanceof Operand.Pair(Operand _, Operand second) ? form.predicateTarget(second) : -1;
        int a = form.word(1, PtxType.B32);
        int b = form.word(2, PtxType.B32);
        int c = form.word(3, PtxType.B32);
        int members = form.word(4, PtxType.B32);
        Source source = switch (mode) {
            case "up" -> (lane, offset, clamp, segment) -> valid(lane - offset, lane - offset >= ((lane & segment) | (clamp & ~segment)));
            case "down" -> (lane, offset, clamp, segment) -> valid(lane + offset, lane + offset <= ((lane & segment) | (clamp & ~segment)));
            case "bfly" -> (lane, offset, clamp, segment) -> valid(lane ^ offset, (lane ^ offset) <= ((lane & segment) | (clamp & ~segment)));
            default -> (lane, offset, clamp, segment) -> {
                int j = lane & segment | offset & ~segment;
                return valid(j, j <= ((lane & segment) | (clamp & ~segment)));
            };
        };
        return Collectives.synchronised(members, (warp, lanes) -> {
            int[] r = warp.words;
            int[] old = Arrays.copyOfRange(r, a, a + 32);
            int valid = 0;
            for (int left = lanes; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                int control = r[c + l];
                int j = source.of(l, r[b + l] & 31, control & 31, control >>> 8 & 31);
                valid |= (j >= 0 ? 1 : 0) << l;
                int from = j >= 0 ? j : l;
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

    /// Where a lane reads from; -1 when that is out of its segment.
    @FunctionalInterface
    private interface Source {
        int of(int lane, int offset, int clamp, int segment);
    }

    private static int valid(int lane, boolean inside) {
        return inside ? lane : -1;
    }
}
