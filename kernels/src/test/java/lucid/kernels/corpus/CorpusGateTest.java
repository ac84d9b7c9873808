package lucid.kernels.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lucid.kernels.compile.CompileGate;
import lucid.kernels.compile.Compilation;
import lucid.kernels.compile.GateReport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What NVIDIA's assembler and our own rules for `.ptx` files say of the corpus.
class CorpusGateTest {
    /// f32 arithmetic without a rounding modifier may be contracted by the assembler; the emulator and the GPU would then differ.
    private static final Pattern UNROUNDED = Pattern.compile("\\b(add|sub|mul|mad|div|rcp|sqrt|fma)(\\.ftz)?\\.f(32|64|16)\\b");

    private static final Pattern BUDGET = Pattern.compile("(?m)^// Registers +at most (\\d+)");

    static List<String> names() {
        return Corpus.names();
    }

    @Test void theCorpusIsThere() {
        assertTrue(names().size() >= 12, names()::toString);
    }

    @ParameterizedTest @MethodSource("names") void assemblesWithoutSpillsAndNotes(String name) throws Exception {
        Assumptions.assumeFalse(CompileGate.assemblers().isEmpty(), "no assembler for this platform");
        GateReport report = CompileGate.check(Corpus.file(name));
        assertEquals(List.of(), report.objections());
        for (Compilation c : report.compilations()) {
            assertEquals(List.of(name), c.entries().stream().map(e -> e.entry()).toList());
            assertEquals(List.of(), c.diagnostics(), "a clean kernel draws no message at all");
            int used = c.entries().getFirst().registers();
            assertTrue(used <= budget(name), c.compiler() + " uses " + used + " registers; the header allows " + budget(name));
        }
    }

    private static int budget(String name) {
        Matcher m = BUDGET.matcher(Corpus.text(name));
        assertTrue(m.find(), "header lacks '// Registers   at most N'");
        return Integer.parseInt(m.group(1));
    }

    @ParameterizedTest @MethodSource("names") void keepsTheRulesOfTheHouse(String name) {
        String text = Corpus.text(name);
        assertTrue(text.startsWith("// " + name + ": "), "the header begins with the name and the formula");
        for (String part : List.of("// Shapes ", "// Grid, block ", "// Shared ", "// Order "))
            assertTrue(text.contains(part), "header lacks '" + part + "'");
        assertTrue(text.contains(".version 8.0\n.target " + (name.endsWith("sm90a") ? "sm_90a" : "sm_80") + "\n"), "version and target");
        String code = text.replaceAll("//[^\n]*", "");
        assertEquals(List.of(), UNROUNDED.matcher(code).results().map(r -> r.group()).toList(), "every float operation says how it rounds");
        assertTrue(!code.contains(".func") && !code.contains("call"), "no functions in kernels");
    }
}
