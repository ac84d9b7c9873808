package lucid.kernels.ptx.steps.memory;

import java.util.List;
import java.util.Map;
import lucid.kernels.ptx.machine.Convergence;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.tensor.form.MatrixMoves;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;

/// `ldmatrix` and `stmatrix`: 8 x 8 matrices of 16-bit elements between shared memory and registers. Row r of matrix i is 16 bytes at the address
/// that lane `8 i + r` brings; so memory sees 8, 16 or 32 lanes with an access of 16 bytes each, under all its checks.
public final class MatrixMemory {
    private static final int ROW_BYTES = 16;
    private static final int ROW_WORDS = 4;

    private MatrixMemory() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("ldmatrix", (at, context) -> load(new Form(at, context)));
        table.put("stmatrix", (at, context) -> store(new Form(at, context)));
    }

    /// How many matrices, and whether they are transposed.
    private record Shape(int matrices, boolean trans, Space space) {
        /// The lanes whose addresses count.
        int lanes() {
            return -1 >>> 32 - 8 * matrices;
        }

        static Shape of(Form form) {
            form.oneOf("sync");
            form.oneOf("aligned");
            form.oneOf("m8n8");
            int matrices = Integer.parseInt(form.oneOf("x1", "x2", "x4").substring(1));
            boolean trans = form.take("trans");
            Space space = form.oneOf("shared", "shared::cta").equals("shared") ? Space.SHARED : Space.SHARED_CTA;
            form.oneOf("b16");
            form.end(2);
            return new Shape(matrices, trans, space);
        }

        List<Operand> registers(Form form, int operand) {
            List<Operand> found = form.operand(operand) instanceof Operand.Vector(List<Operand> elements) ? elements : List.of(form.operand(operand));
            if (found.size() != matrices) {
                throw form.refuse("found " + found.size() + " registers, wanted " + matrices + " for .x" + matrices);
            }
            return found;
        }
    }

    private static Step load(Form form) {
        Shape shape = Shape.of(form);
        int[] d = shape.registers(form, 0).stream().mapToInt(o -> form.wordTarget(o, PtxType.B32)).toArray();
        MemoryForm.Addresses addresses = MemoryForm.addresses(form, 1, shape.space());
        Routes.Route route = Routes.load(form, shape.space());
        int[] rows = rows(form);
        return (warp, mask) -> {
            if (!Convergence.whole(warp, mask)) {
                return Step.WAIT;
            }
            addresses.compute(warp);
            route.go(warp, shape.lanes(), ROW_BYTES, Access.WEAK, warp.words, rows);
            for (int i = 0; i < d.length; i++) {
                distribute(warp, rows, i, d[i]);
                if (shape.trans()) {
                    MatrixMoves.transpose(warp.words, d[i] / 32, d[i] / 32);
                }
            }
            return Step.NEXT;
        };
    }

    /// Word t of row g, which lane `8 i + g` has loaded, goes to lane `4 g + t`.
    private static void distribute(Warp warp, int[] rows, int matrix, int d) {
        for (int g = 0; g < 8; g++) {
            for (int t = 0; t < ROW_WORDS; t++) {
                warp.words[d + 4 * g + t] = warp.words[rows[t] + 8 * matrix + g];
            }
        }
    }

    private static Step store(Form form) {
        Shape shape = Shape.of(form);
        int[] s = shape.registers(form, 1).stream().mapToInt(o -> form.word(o, PtxType.B32)).toArray();
        MemoryForm.Addresses addresses = MemoryForm.addresses(form, 0, shape.space());
        Routes.Route route = Routes.store(form, shape.space());
        int[] rows = rows(form);
        int turned = form.context().newWord() * 32;
        return (warp, mask) -> {
            if (!Convergence.whole(warp, mask)) {
                return Step.WAIT;
            }
            for (int i = 0; i < s.length; i++) {
                int from = s[i];
                if (shape.trans()) {
                    MatrixMoves.transpose(warp.words, turned / 32, s[i] / 32);
                    from = turned;
                }
                collect(warp, rows, i, from);
            }
            addresses.compute(warp);
            route.go(warp, shape.lanes(), ROW_BYTES, Access.WEAK, warp.words, rows);
            return Step.NEXT;
        };
    }

    private static void collect(Warp warp, int[] rows, int matrix, int s) {
        for (int g = 0; g < 8; g++) {
            for (int t = 0; t < ROW_WORDS; t++) {
                warp.words[rows[t] + 8 * matrix + g] = warp.words[s + 4 * g + t];
            }
        }
    }

    /// Four registers of the step's own that hold a row per lane.
    private static int[] rows(Form form) {
        int[] rows = new int[ROW_WORDS];
        for (int t = 0; t < ROW_WORDS; t++) {
            rows[t] = form.context().newWord() * 32;
        }
        return rows;
    }
}
