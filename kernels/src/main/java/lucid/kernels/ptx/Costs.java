package lucid.kernels.ptx;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.PtxType;

/// What an instruction costs, told from its form: the kind that it is counted under, and its floating-point operations.
final class Costs {
    private static final Pattern SHAPE = Pattern.compile("m(\\d+)n(\\d+)k(\\d+)");
    /// Warps that share one `wgmma`.
    private static final int WARPGROUP = 4;

    private Costs() {}

    /// The kind of an instruction.
    static Profile.Kind kind(Instruction at) {
        return switch (at.opcode()) {
            case "bra", "brx", "exit", "ret", "trap", "nanosleep", "setmaxnreg", "griddepcontrol" -> Profile.Kind.CONTROL;
            case "bar", "barrier", "fence", "membar", "mbarrier" -> Profile.Kind.SYNCHRONISATION;
            case "mma" -> Profile.Kind.TENSOR;
            case "wgmma" -> at.has("mma_async") ? Profile.Kind.TENSOR : Profile.Kind.SYNCHRONISATION;
            case "ldmatrix", "stmatrix", "movmatrix" -> Profile.Kind.MATRIX_MOVE;
            case "shfl", "vote", "match", "redux", "activemask", "elect" -> Profile.Kind.COLLECTIVE;
            case "ld", "st" -> Profile.Kind.LOAD_STORE;
            case "atom", "red" -> Profile.Kind.ATOMIC;
            case "cp" -> Profile.Kind.COPY;
            case "ex2", "lg2", "rcp", "rsqrt", "sqrt", "sin", "cos", "tanh" -> Profile.Kind.SPECIAL_FUNCTION;
            case "cvt" -> Profile.Kind.CONVERSION;
            case "mov", "selp", "cvta", "mapa", "isspacep" -> Profile.Kind.MOVE;
            case "prefetch", "prefetchu", "applypriority", "discard", "createpolicy" -> Profile.Kind.CACHE_HINT;
            default -> floating(at) ? Profile.Kind.FLOATING_POINT : Profile.Kind.INTEGER;
        };
    }

    /// The unit that does an instruction's floating-point operations; null when it has none.
    static Profile.Unit unit(Instruction at) {
        if (kind(at) == Profile.Kind.TENSOR) {
            List<PtxType> types = at.types();
            return types.size() < 2 ? null : switch (types.get(1).bits()) {
                case 64 -> Profile.Unit.TENSOR_64;
                case 32 -> Profile.Unit.TENSOR_TF32;
                case 16 -> Profile.Unit.TENSOR_16;
                default -> types.get(1).floating() ? Profile.Unit.TENSOR_8 : null;
            };
        }
        if (operations(at) == 0) {
            return null;
        }
        PtxType type = at.types().getLast();
        return type == PtxType.F64 ? Profile.Unit.F64 : type == PtxType.F32 ? Profile.Unit.F32 : Profile.Unit.F16;
    }

    /// Floating-point operations of one execution by a warp in which `lanes` lanes took part.
    static long flops(Instruction at, long executions, long lanes) {
        if (kind(at) != Profile.Kind.TENSOR) {
            return operations(at) * lanes;
        }
        for (String modifier : at.modifiers()) {
            Matcher shape = SHAPE.matcher(modifier);
            if (shape.matches()) {
                long products = Long.parseLong(shape.group(1)) * Long.parseLong(shape.group(2)) * Long.parseLong(shape.group(3));
                return 2 * products * executions / (at.opcode().equals("wgmma") ? WARPGROUP : 1);
            }
        }
        return 0;
    }

    /// Operations of one lane: an fma is two.
    private static int operations(Instruction at) {
        if (!floating(at)) {
            return 0;
        }
        int each = switch (at.opcode()) {
            case "fma", "mad" -> 2;
            case "add", "sub", "mul", "div", "min", "max", "ex2", "lg2", "rcp", "rsqrt", "sqrt", "sin", "cos", "tanh" -> 1;
            default -> 0;
        };
        PtxType type = at.types().getLast();
        return type == PtxType.F16X2 || type == PtxType.BF16X2 ? 2 * each : each;
    }

    private static boolean floating(Instruction at) {
        return !at.types().isEmpty() && at.types().getLast().floating();
    }
}
