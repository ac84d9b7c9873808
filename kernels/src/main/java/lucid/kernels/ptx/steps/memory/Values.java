package lucid.kernels.ptx.steps.memory;

import java.util.List;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Register;

/// Between registers and the bytes of an access: which registers a `ld` or `st` may name, and how its elements lie in them.
///
/// A register may be wider than the type: a load extends (with the sign for `.sN`, with zeros else), a store takes the low bits
/// (PTX ISA, "Operand Size Exceeding Instruction-Type Size").
final class Values {
    /// Where the words of an access lie in [Warp#staging].
    static final int[] STAGED = {0, 32, 64, 96};

    /// Moves one element from the staging words to its register.
    @FunctionalInterface
    interface Unpack {
        void run(Warp warp, int mask);
    }

    /// Moves one element of all 32 lanes from its register to the staging words.
    @FunctionalInterface
    interface Pack {
        void run(Warp warp);
    }

    private Values() {}

    /// The register file places of a load's words when memory's words can go there as they are; else null.
    static int[] direct(Form form, List<Operand> targets, PtxType type) {
        boolean whole = type.bits() == 32 || type.bits() < 32 && !type.signed() && targets.size() == 1;
        if (!whole || targets.stream().anyMatch(t -> width(t, type) > 32)) {
            return null;
        }
        return targets.stream().mapToInt(t -> target(form, t, type)).toArray();
    }

    /// The same for a store's words.
    static int[] stored(Form form, List<Operand> sources, PtxType type) {
        boolean whole = type.bits() == 32 || type.bits() < 32 && sources.size() == 1;
        if (!whole || sources.stream().anyMatch(s -> width(s, type) > 32)) {
            return null;
        }
        return sources.stream().mapToInt(s -> source(form, s, type)).toArray();
    }

    static Unpack[] unpack(Form form, List<Operand> targets, PtxType type) {
        var all = new Unpack[targets.size()];
        for (int i = 0; i < all.length; i++) {
            int target = target(form, targets.get(i), type);
            int width = width(targets.get(i), type);
            all[i] = width > 32 ? toWide(target, i * type.bits(), type) : toWord(target, i * type.bits(), type, width);
        }
        return all;
    }

    private static Unpack toWord(int target, int bit, PtxType type, int width) {
        int from = 32 * (bit / 32);
        int left = 32 - bit % 32 - type.bits();
        int keep = width >= 32 ? -1 : (1 << width) - 1;
        boolean signed = type.signed();
        int right = 32 - type.bits();
        return (warp, mask) -> {
            int[] words = warp.words;
            int[] staging = warp.staging;
            for (int lanes = mask; lanes != 0; lanes &= lanes - 1) {
                int lane = Integer.numberOfTrailingZeros(lanes);
                int top = staging[from + lane] << left;
                words[target + lane] = (signed ? top >> right : top >>> right) & keep;
            }
        };
    }

    private static Unpack toWide(int target, int bit, PtxType type) {
        int from = 32 * (bit / 32);
        if (type.bits() == 64) {
            return (warp, mask) -> {
                for (int lanes = mask; lanes != 0; lanes &= lanes - 1) {
                    int lane = Integer.numberOfTrailingZeros(lanes);
                    warp.wides[target + lane] = warp.staging[from + lane] & 0xffff_ffffL | (long) warp.staging[from + 32 + lane] << 32;
                }
            };
        }
        int left = 64 - bit % 32 - type.bits();
        int right = 64 - type.bits();
        boolean signed = type.signed();
        return (warp, mask) -> {
            for (int lanes = mask; lanes != 0; lanes &= lanes - 1) {
                int lane = Integer.numberOfTrailingZeros(lanes);
                long top = (long) warp.staging[from + lane] << left;
                warp.wides[target + lane] = signed ? top >> right : top >>> right;
            }
        };
    }

    static Pack[] pack(Form form, List<Operand> sources, PtxType type) {
        var all = new Pack[sources.size()];
        for (int i = 0; i < all.length; i++) {
            int source = source(form, sources.get(i), type);
            boolean wide = width(sources.get(i), type) > 32;
            int bit = i * type.bits();
            all[i] = type.bits() == 64 ? whole(source, 32 * (bit / 32)) : part(source, wide, 32 * (bit / 32), bit % 32, type.bits());
        }
        return all;
    }

    private static Pack whole(int source, int to) {
        return warp -> {
            for (int lane = 0; lane < 32; lane++) {
                long value = warp.wides[source + lane];
                warp.staging[to + lane] = (int) value;
                warp.staging[to + 32 + lane] = (int) (value >>> 32);
            }
        };
    }

    /// Elements come in order, so that the first one in a word clears what is above it.
    private static Pack part(int source, boolean wide, int to, int shift, int bits) {
        int keep = bits == 32 ? -1 : (1 << bits) - 1;
        return warp -> {
            for (int lane = 0; lane < 32; lane++) {
                int value = (wide ? (int) warp.wides[source + lane] : warp.words[source + lane]) & keep;
                warp.staging[to + lane] = shift == 0 ? value : warp.staging[to + lane] | value << shift;
            }
        };
    }

    private static int target(Form form, Operand operand, PtxType type) {
        if (!(operand instanceof Operand.Reg) && !(operand instanceof Operand.Sink)) {
            throw form.refuse("the destination must be a register");
        }
        return source(form, operand, type);
    }

    private static int source(Form form, Operand operand, PtxType type) {
        MemoryForm.register(operand).ifPresent(register -> agree(form, register, type));
        return 32 * (width(operand, type) > 32 ? form.context().wide(form.at(), operand, type) : form.context().word(form.at(), operand, type));
    }

    /// Bits of the register that holds an element: its own, which may be more than the type's.
    private static int width(Operand operand, PtxType type) {
        return MemoryForm.register(operand).map(register -> register.type().bits()).orElse(Math.max(type.bits(), 8));
    }

    private static void agree(Form form, Register register, PtxType type) {
        PtxType found = register.type();
        boolean floating = found.floating() || type.floating();
        boolean bits = found.kind() == PtxType.Kind.BITS || type.kind() == PtxType.Kind.BITS;
        boolean fits = found.bits() == type.bits() ? bits || !floating || found == type
                : found.bits() > type.bits() && !found.floating() && (!type.floating() || found.kind() == PtxType.Kind.BITS);
        if (found == PtxType.PRED || !fits) {
            throw form.refuse("register " + register.name() + " has type ." + found.text() + ", wanted one for ." + type.text()
                    + " or a wider one without a floating-point type");
        }
    }
}
