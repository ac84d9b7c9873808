package lucid.kernels.ptx.steps.memory;

import java.util.Optional;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.steps.lanes.Vectors;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Register;
import lucid.kernels.ptx.text.syntax.Space;

/// What memory instructions have in common: how the access is ordered, in which space, at which addresses.
final class MemoryForm {
    /// Where an instruction finds its addresses: in 64-bit registers, or in 32-bit ones, in which they wrap at 32 bits; with a constant offset. One
    /// class, so that asking it is no call through an interface.
    ///
    /// @param base of the register's lanes in its file
    record Addresses(boolean wide, int base, long offset) {
        /// Puts the addresses of all 32 lanes into [Warp#addresses]; those of inactive lanes are meaningless.
        void compute(Warp warp) {
            if (wide) {
                computeWide(warp.wides, base, offset, warp.addresses);
            } else {
                computeWord(warp.words, base, (int) offset, warp.addresses);
            }
        }
    }

    private static final VectorSpecies<Long> WIDES = LongVector.SPECIES_PREFERRED;
    private static final String[] LEVEL1 = {"L1::evict_normal", "L1::evict_unchanged", "L1::evict_first", "L1::evict_last", "L1::no_allocate"};
    private static final String[] PREFETCH = {"L2::64B", "L2::128B", "L2::256B"};

    private MemoryForm() {}

    /// The scope word, which must come next.
    static Access.Scope scope(Form form) {
        return switch (form.oneOf("cta", "cluster", "gpu", "sys")) {
            case "cta" -> Access.Scope.BLOCK;
            case "cluster" -> Access.Scope.CLUSTER;
            default -> Access.Scope.GPU;
        };
    }

    /// The state space, when one comes next; else generic.
    static Space space(Form form) {
        for (Space space : Space.values()) {
            if (space != Space.GENERIC && form.take(space.text())) {
                return space;
            }
        }
        return form.take("param::entry") ? Space.PARAM : Space.GENERIC;
    }

    /// Eviction priorities (those of L2 belong to 32-byte accesses, which sm_90 has not) and prefetch sizes: they do not change values, so that it is
    /// enough that they are well-formed.
    ///
    /// @return true when a cache policy follows the last operand
    static boolean hints(Form form, boolean prefetch) {
        form.option(LEVEL1);
        boolean policy = form.take("L2::cache_hint");
        if (prefetch) {
            form.option(PREFETCH);
        }
        return policy;
    }

    /// Decodes the addresses of operand `i`.
    static Addresses addresses(Form form, int i, Space space) {
        if (!(form.operand(i) instanceof Operand.Address(Operand base, long offset))) {
            throw form.refuse("operand " + (i + 1) + " must be a memory operand in brackets");
        }
        if (base instanceof Operand.Symbol(var variable, long _)) {
            Space declared = variable.space();
            boolean fits = space == Space.GENERIC ? declared == Space.GLOBAL : declared == space || declared.isShared() && space.isShared();
            if (!fits) {
                throw form.refuse("variable " + variable.name() + " lies in ." + declared.text() + " memory, which this form does not access");
            }
            inside(form, variable, offset, space);
        }
        boolean wide = !(base instanceof Operand.Reg(Register register, boolean _)) || register.bank() == Register.Bank.WIDE;
        return new Addresses(wide, (wide ? form.context().wide(form.at(), base, PtxType.U64) : form.context()
                .word(form.at(), base, PtxType.U32)) * 32, offset);
    }

    /// A constant offset within a parameter is known to be wrong before anything runs.
    private static void inside(Form form, lucid.kernels.ptx.text.syntax.Variable variable, long offset, Space space) {
        if (space == Space.PARAM && (offset < 0 || offset >= variable.bytes())) {
            throw form.refuse("offset " + offset + " lies outside parameter " + variable.name() + " of " + variable.bytes() + " bytes");
        }
    }

    /// Vectors of the same width as those that read the addresses next: what two stores have written cannot be forwarded to one load.
    private static void computeWide(long[] r, int base, long offset, long[] a) {
        for (int lane = 0; lane < 32; lane += WIDES.length()) {
            LongVector.fromArray(WIDES, r, base + lane).add(offset).intoArray(a, lane);
        }
    }

    private static void computeWord(int[] r, int base, int offset, long[] a) {
        for (int lane = 0; lane < 32; lane += WIDES.length()) {
            var words = IntVector.fromArray(Vectors.HALF, r, base + lane).add(offset);
            ((LongVector) words.convertShape(VectorOperators.ZERO_EXTEND_I2L, WIDES, 0)).intoArray(a, lane);
        }
    }

    /// The register operand as a register, when it is one.
    static Optional<Register> register(Operand operand) {
        return operand instanceof Operand.Reg(Register register, boolean _) ? Optional.of(register) : Optional.empty();
    }
}
