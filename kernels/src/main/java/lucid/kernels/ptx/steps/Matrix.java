package lucid.kernels.ptx.steps;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import lucid.kernels.ptx.machine.Convergence;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.tensor.MmaUnit;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.Fragment;
import lucid.kernels.ptx.tensor.form.MatrixMoves;
import lucid.kernels.ptx.tensor.form.MmaForm;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;

/// `mma.sync` and `movmatrix`: the registers' way into [lucid.kernels.ptx.tensor], which knows the fragments and the sums.
/// All 32 lanes must be there. `ldmatrix` and `stmatrix` are in `MatrixMemory`.
public final class Matrix {
    private Matrix() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("mma", (at, context) -> mma(new Form(at, context)));
        table.put("movmatrix", (at, context) -> movmatrix(new Form(at, context)));
    }

    /// `mma.sync.aligned.mMnNkK.row.col{.satfinite}.dtype.atype.btype.ctype d, a, b, c`.
    private static Step mma(Form form) {
        form.oneOf("sync");
        form.oneOf("aligned");
        int[] shape = shape(form);
        form.oneOf("row");
        form.oneOf("col");
        boolean saturate = form.take("satfinite");
        Element d = element(form);
        Element a = element(form);
        Element b = element(form);
        if (element(form) != d) {
            throw form.refuse("the accumulators C and D must have one type");
        }
        form.end(4);
        MmaUnit unit = unit(form, shape, d, a, b, saturate);
        return d == Element.F64 ? ofWides(form, unit) : ofWords(form, unit);
    }

    private static Step ofWides(Form form, MmaUnit unit) {
        MmaForm mma = unit.form();
        int[] dest = wides(form, 0, mma.sum());
        int[] left = wides(form, 1, mma.left());
        int[] right = wides(form, 2, mma.right());
        int[] sum = wides(form, 3, mma.sum());
        return (warp, mask) -> {
            if (!Convergence.whole(warp, mask)) {
                return Step.WAIT;
            }
            unit.runF64(warp.wides, dest, left, right, sum);
            return Step.NEXT;
        };
    }

    private static Step ofWords(Form form, MmaUnit unit) {
        MmaForm mma = unit.form();
        PtxType accumulator = mma.d() == Element.F32 ? PtxType.F32 : mma.d() == Element.S32 ? PtxType.S32 : PtxType.B32;
        int[] dest = words(form, 0, mma.sum(), accumulator);
        int[] left = words(form, 1, mma.left(), PtxType.B32);
        int[] right = words(form, 2, mma.right(), PtxType.B32);
        int[] sum = words(form, 3, mma.sum(), accumulator);
        return (warp, mask) -> {
            if (!Convergence.whole(warp, mask)) {
                return Step.WAIT;
            }
            unit.run(warp.words, dest, left, right, sum);
            return Step.NEXT;
        };
    }

    private static MmaUnit unit(Form form, int[] shape, Element d, Element a, Element b, boolean saturate) {
        try {
            return new MmaUnit(new MmaForm(shape[0], shape[1], shape[2], d, a, b), form.context().accumulation(), saturate);
        } catch (IllegalArgumentException e) {
            throw form.refuse(e.getMessage());
        }
    }

    /// `m16n8k16` as three numbers.
    private static int[] shape(Form form) {
        String word = form.next();
        if (!word.matches("m\\d{1,3}n\\d{1,3}k\\d{1,3}")) {
            throw form.unknown();
        }
        String[] numbers = word.substring(1).split("[nk]");
        return new int[] {Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]), Integer.parseInt(numbers[2])};
    }

    private static Element element(Form form) {
        String word = form.next().toUpperCase(Locale.ROOT);
        for (Element element : Element.values()) {
            if (element.name().equals(word)) {
                return element;
            }
        }
        throw form.unknown();
    }

    /// The registers of a fragment: a vector, or one register by itself.
    private static List<Operand> registers(Form form, int i, Fragment fragment) {
        List<Operand> found = form.operand(i) instanceof Operand.Vector(List<Operand> elements) ? elements : List.of(form.operand(i));
        if (found.size() != fragment.registers()) {
            throw form.refuse("operand " + (i + 1) + " found " + found.size() + " registers, wanted " + fragment.registers() + " for "
                    + fragment.rows() + " x " + fragment.columns());
        }
        return found;
    }

    private static int[] words(Form form, int i, Fragment fragment, PtxType type) {
        return registers(form, i, fragment).stream().mapToInt(o -> (i == 0 ? form.wordTarget(o, type) : form.word(o, type)) / 32).toArray();
    }

    private static int[] wides(Form form, int i, Fragment fragment) {
        return registers(form, i, fragment).stream().mapToInt(o -> (i == 0 ? form.wideTarget(o, PtxType.F64) : form.wide(o, PtxType.F64)) / 32)
                .toArray();
    }

    /// `movmatrix.sync.aligned.m8n8.trans.b16 d, a`.
    private static Step movmatrix(Form form) {
        for (String word : List.of("sync", "aligned", "m8n8", "trans", "b16")) {
            form.oneOf(word);
        }
        form.end(2);
        int d = form.wordTarget(0, PtxType.B32) / 32;
        int a = form.word(1, PtxType.B32) / 32;
        return (warp, mask) -> {
            if (!Convergence.whole(warp, mask)) {
                return Step.WAIT;
            }
            MatrixMoves.transpose(warp.words, d, a);
            return Step.NEXT;
        };
    }
}
