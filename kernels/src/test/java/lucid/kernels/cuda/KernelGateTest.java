package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import lucid.kernels.compile.Compilation;
import lucid.kernels.compile.CompileGate;
import lucid.kernels.compile.GateReport;
import lucid.kernels.cuda.launch.Kernels;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What NVIDIA's assembler and the house's rules say of every kernel that is shipped.
class KernelGateTest {
    private static final Path FOLDER = Path.of("src/main/resources/lucid/kernels/cuda");
    /// family_operation..._dtype_arch.
    private static final Pattern NAME = Pattern.compile("[a-z]+(_[a-z0-9]+)*_(f32|bf16|f16|u8|u16|i32|u32)_sm(80|90a)");
    private static final List<String> HEADER = List.of("Shapes ", "Types ", "Grid, block ", "Registers ", "Traffic ", "Measured ");
    /// What a header says when the code has something of the kind.
    private static final Map<String, String> WHERE_USED = Map.of("Shared ", ".shared", "Barriers ", "bar.sync", "Order ", "fma.rn");
    /// Those that nvPTXCompiler 12.0 knows of the cards that a file for sm_80 runs on.
    private static final List<String> CAPABILITIES = List.of("sm_80", "sm_86", "sm_87", "sm_89", "sm_90");
    private static final Pattern BUDGET = Pattern.compile("(?m)^// Registers +at most (\\d+)");
    /// Flops as the emulator counts them: additions, subtractions, multiplications, divisions, square roots, maxima and minima of floating-point
    /// numbers, and two for an fma.
    private static final Pattern FLOPS = Pattern.compile("(?s)// Traffic .*\\bflops?\\b.*\n// Measured ");
    /// Of a map: what it says, and what it says of its larger form.
    private static final Pattern MAP_FLOPS = Pattern.compile("// Traffic .* (\\d+|no) flops? per element(?:, \\d+ and (\\d+) with add)?");
    private static final Pattern ONE_FLOP = Pattern.compile("\\b((add|sub|mul|div|sqrt)\\.rn|(max|min)(\\.NaN)?)\\.f32\\b");
    private static final Pattern TWO_FLOPS = Pattern.compile("\\bfma\\.rn\\.f32\\b");
    /// Without a rounding modifier the assembler may contract f32 arithmetic.
    private static final Pattern UNROUNDED = Pattern.compile("\\b(add|sub|mul|mad|div|rcp|sqrt|fma)(\\.ftz)?\\.f(32|64|16)\\b");
    private static final Pattern INEXACT = Pattern.compile("\\.(approx|ftz|full)\\b");

    static Stream<String> names() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(".ptx")).map(f -> f.substring(0, f.length() - 4)).sorted()
                    .toList().stream();
        }
    }

    /// The driver compiles a file for the card that is there, with other registers for each capability.
    @ParameterizedTest @MethodSource("names") void assemblesWithoutSpillsAndNotes(String name) throws IOException {
        Assumptions.assumeFalse(CompileGate.assemblers().isEmpty(), "no assembler for this platform");
        Matcher budget = BUDGET.matcher(Kernels.text(name));
        assertTrue(budget.find(), name + ": the header lacks '// Registers   at most N'");
        int allowed = Integer.parseInt(budget.group(1));
        for (String target : name.endsWith("sm90a") ? List.of("sm_90a") : CAPABILITIES) {
            GateReport report = CompileGate.check(FOLDER.resolve(name + ".ptx"), target);
            assertEquals(List.of(), report.objections(), target);
            for (Compilation c : report.compilations()) {
                assertEquals(List.of(), c.diagnostics(), name + ": a clean kernel draws no message at all");
                assertEquals(List.of(name), c.entries().stream().map(e -> e.entry()).toList());
                int used = c.entries().getFirst().registers();
                assertTrue(used <= allowed, name + ": " + c.compiler() + " uses " + used + " registers for " + target + "; the header allows "
                        + allowed);
                assertEquals(0, c.entries().getFirst().stackBytes(), name + ": bytes of stack for " + target);
            }
        }
    }

    @ParameterizedTest @MethodSource("names") void keepsTheRulesOfTheHouse(String name) {
        assertTrue(NAME.matcher(name).matches(), name + ": wanted family_operation_dtype_sm80");
        String text = Kernels.text(name);
        assertTrue(text.chars().allMatch(c -> c < 128), name + ": ASCII only, in remarks too: ptxas 12.9 refuses other characters");
        String header = text.substring(0, Math.max(0, text.indexOf(".version")));
        assertTrue(header.stripLeading().startsWith("// " + name + ": "), name + ": the header begins with the name and the formula");
        String code = text.replaceAll("//[^\n]*", "");
        List<String> parts = new ArrayList<>(HEADER);
        WHERE_USED.forEach((part, what) -> {
            if (code.contains(what)) parts.add(part);
        });
        for (String part : parts)
            assertTrue(header.contains("\n// " + part) || header.contains("   " + part), name + ": the header lacks '// " + part + "'");
        assertTrue(FLOPS.matcher(header).find(), name + ": '// Traffic' names no flops");
        assertTrue(text.contains(".version 8.0\n.target " + (name.endsWith("sm90a") ? "sm_90a" : "sm_80") + "\n"), name + ": version and target");
        assertEquals(List.of(), found(UNROUNDED, code), name + ": every float operation says how it rounds");
        if (name.contains("_f32_")) assertEquals(List.of(), found(INEXACT, code), name + ": f32 kernels keep the bit contract");
        assertTrue(!code.contains(".func") && !code.contains("call"), name + ": no functions in kernels");
    }

    /// Those whose code is one straight line for four columns. Sine and cosine are loops.
    static Stream<String> maps() throws IOException {
        return names().filter(n -> n.startsWith("elementwise_") && !n.matches(".*_(sin|cos)_.*") || n.startsWith("optimizer_"));
    }

    @ParameterizedTest @MethodSource("maps") void mapsDoTheFlopsTheySay(String name) {
        String text = Kernels.text(name);
        Matcher said = MAP_FLOPS.matcher(text);
        assertTrue(said.find(), name + ": wanted '// Traffic ... N flops per element'");
        String most = said.group(2) == null ? said.group(1) : said.group(2);
        String code = text.replaceAll("//[^\n]*", "");
        long done = ONE_FLOP.matcher(code).results().count() + 2 * TWO_FLOPS.matcher(code).results().count();
        assertEquals(done, most.equals("no") ? 0 : 4 * Long.parseLong(most), name + ": flops for four columns");
    }

    private static List<String> found(Pattern pattern, String code) {
        return pattern.matcher(code).results().map(r -> r.group()).distinct().toList();
    }
}
