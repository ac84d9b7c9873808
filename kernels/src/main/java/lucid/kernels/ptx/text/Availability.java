package lucid.kernels.ptx.text;

import java.util.List;
import java.util.function.Predicate;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import lucid.kernels.ptx.text.syntax.Space;

/// Which `.version` and `.target` an instruction needs (PTX ISA, "PTX ISA Notes" and "Target ISA Notes" of every instruction; checked with the
/// assembler).
final class Availability {
    private static final List<String> ORDER = List.of("sm_80", "sm_86", "sm_87", "sm_89", "sm_90", "sm_90a");

    private record Rule(Predicate<Instruction> applies, int version, String target) {}

    private static Rule rule(int version, String target, Predicate<Instruction> applies) {
        return new Rule(applies, version, target);
    }

    private static final List<Rule> RULES = List.of(
            rule(80, "sm_90a", i -> i.opcode().equals("wgmma") || i.opcode().equals("setmaxnreg")),
            rule(80, "sm_90", i -> i.opcode().equals("elect")),
            rule(78, "sm_90", i -> i.opcode().equals("stmatrix") || i.opcode().equals("mapa") || i.opcode().equals("griddepcontrol") || i.opcode()
                    .equals("getctarank")),
            rule(78, "sm_80", i -> i.opcode().equals("movmatrix")),
            rule(80, "sm_90", i -> i.opcode().equals("cp") && i.has("bulk")),
            rule(86, "sm_90", i -> i.opcode().equals("cp") && i.has("bulk") && i.modifiers()
                    .indexOf("shared::cta") >= 0 && destination(i, "shared::cta")),
            rule(78, "sm_90", i -> i.opcode().equals("barrier") && i.has("cluster")),
            rule(78, "sm_90", i -> i.has("shared::cluster")),
            rule(78, "sm_90", i -> i.opcode().equals("mbarrier") && i.has("try_wait")),
            rule(80, "sm_90", i -> i.opcode().equals("mbarrier") && (i.has("expect_tx") || i.has("complete_tx"))),
            rule(83, "sm_90", i -> i.opcode().equals("fence") && i.has("tensormap::generic")),
            rule(80, "sm_90", i -> i.opcode().equals("fence") && (i.has("proxy") || i.has("mbarrier_init"))),
            rule(78, "sm_90", i -> i.has("cluster") && (i.opcode().equals("fence") || i.has("acquire") || i.has("release") || i.has("relaxed"))),
            rule(78, "sm_90", i -> packedBf16(i) && (i.opcode().equals("add") || i.opcode().equals("sub") || i.opcode().equals("mul"))),
            rule(78, "sm_90", i -> packedBf16(i) && (i.opcode().equals("ex2") || i.opcode().equals("tanh"))),
            rule(78, "sm_90", i -> (i.opcode().equals("red") || i.opcode().equals("atom")) && packedBf16(i)),
            rule(82, "sm_80", i -> i.opcode().equals("lop3") && (i.has("or") || i.has("and"))),
            rule(81, "sm_90", i -> i.opcode().equals("red") && (i.has("v2") || i.has("v4") || i.has("v8"))),
            rule(81, "sm_90", i -> i.opcode().equals("st") && i.has("async")),
            rule(84, "sm_89", i -> i.opcode().equals("mma") && (i.has("e4m3") || i.has("e5m2"))),
            rule(78, "sm_89", i -> i.opcode().equals("cvt") && (i.has("e4m3x2") || i.has("e5m2x2"))));

    private final String file;
    private final int version;
    private final String target;

    Availability(String file, int version, String target) {
        this.file = file;
        this.version = version;
        this.target = target;
    }

    /// @throws PtxSyntaxException when the module's version or target is too low
    void check(Instruction instruction) {
        for (Rule rule : RULES) {
            if (rule.applies().test(instruction) && (version < rule.version() || ORDER.indexOf(target) < ORDER.indexOf(rule.target()))) {
                throw new PtxSyntaxException(file, instruction.line(), "'" + instruction.form() + "' needs .version " + text(rule.version())
                        + " and .target " + rule.target()
                        + ", the module has .version " + text(version) + " and .target " + target);
            }
        }
    }

    private static boolean packedBf16(Instruction i) {
        return i.has("bf16") || i.has("bf16x2");
    }

    /// Whether the first state space that a copy names, its destination, is this one.
    private static boolean destination(Instruction i, String space) {
        return i.modifiers().stream().filter(m -> Space.of(m).isPresent()).findFirst().orElse("").equals(space);
    }

    private static String text(int version) {
        return version / 10 + "." + version % 10;
    }
}
