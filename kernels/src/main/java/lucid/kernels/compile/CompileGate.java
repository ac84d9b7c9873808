package lucid.kernels.compile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Asks the assemblers of this machine about a `.ptx` file: nvPTXCompiler 12.0 out of the JCuda natives, and a `ptxas` on the PATH beside it.
///
/// The gate holds every file to `.version 8.0` (CUDA 12.0, driver R525), whatever a newer ptxas would take: that is the floor on which kernels must
/// load.
public final class CompileGate {
    private static final Pattern VERSION = Pattern.compile("(?m)^[ \\t]*\\.version[ \\t]+(\\d+)\\.(\\d+)");
    private static final Pattern TARGET = Pattern.compile("(?m)^[ \\t]*\\.target[ \\t]+(sm_\\d+[a-z]?)");
    private static final int MAX_MAJOR = 8;
    private static final int MAX_MINOR = 0;

    private CompileGate() {
    }

    private record Backends(List<PtxCompiler> compilers, List<String> unavailable) {
    }

    /// Loaded by the first check and by nothing else, so that merely having the gate on the class path costs nothing.
    private static final class Found {
        static final Backends BACKENDS = find();

        private static Backends find() {
            List<PtxCompiler> compilers = new ArrayList<>();
            List<String> unavailable = new ArrayList<>();
            try {
                compilers.add(NvPtxCompiler.load());
            } catch (UnsupportedOperationException e) {
                unavailable.add(e.getMessage());
            }
            Optional<PtxAs> ptxas = PtxAs.onPath();
            if (ptxas.isPresent()) compilers.add(ptxas.get());
            else unavailable.add("ptxas: none on the PATH");
            return new Backends(List.copyOf(compilers), List.copyOf(unavailable));
        }
    }

    /// The assemblers of this machine, for example `nvPTXCompiler 12.0`; empty where there is none.
    public static List<String> assemblers() {
        return Found.BACKENDS.compilers().stream().map(PtxCompiler::describe).toList();
    }

    /// Checks a file for the architecture of its own `.target`.
    public static GateReport check(Path file) throws IOException {
        String text = Files.readString(file);
        return check(file.toString(), text, target(file.toString(), text));
    }

    /// Checks a file for `target`, for example an `sm_80` file for `sm_90a`.
    public static GateReport check(Path file, String target) throws IOException {
        return check(file.toString(), Files.readString(file), target);
    }

    /// Checks a text; `name` is what messages call it.
    ///
    /// @throws IllegalStateException when this machine has no assembler; says what to add
    public static GateReport check(String name, String text, String target) {
        if (!target.matches("sm_\\d+[a-z]?"))
            throw new IllegalArgumentException("compile gate: target '" + target + "' of " + name + "; wanted a name such as sm_80 or sm_90a");
        Backends backends = Found.BACKENDS;
        if (backends.compilers().isEmpty()) {
            throw new IllegalStateException("compile gate: no assembler on this machine to check " + name + ": "
                    + String.join("; ", backends.unavailable()));
        }
        Optional<Diagnostic> tooNew = version(name, text);
        List<Compilation> results = new ArrayList<>();
        for (PtxCompiler compiler : backends.compilers()) {
            results.add(tooNew.isPresent() ? new Compilation(compiler.describe(), target, List.of(), List.of(tooNew.get()))
                    : compiler.compile(name, text, target));
        }
        return new GateReport(name, target, results, backends.unavailable());
    }

    /// The architecture that the text itself names.
    public static String target(String name, String text) {
        Matcher m = TARGET.matcher(text);
        if (!m.find()) throw new IllegalArgumentException("compile gate: " + name + " has no .target line; wanted for example '.target sm_80'");
        return m.group(1);
    }

    private static Optional<Diagnostic> version(String name, String text) {
        Matcher m = VERSION.matcher(text);
        if (!m.find()) {
            return Optional.of(new Diagnostic(Diagnostic.Severity.ERROR, name, 1, "", "no .version line; wanted '.version 8.0' first"));
        }
        int major = Integer.parseInt(m.group(1));
        int minor = Integer.parseInt(m.group(2));
        if (major < MAX_MAJOR || major == MAX_MAJOR && minor <= MAX_MINOR) return Optional.empty();
        int line = (int) text.substring(0, m.start(1)).chars().filter(c -> c == '\n').count() + 1;
        return Optional.of(new Diagnostic(Diagnostic.Severity.ERROR, name, line, "", ".version " + major + "." + minor + "; wanted at most "
                + MAX_MAJOR + "." + MAX_MINOR
                + ", the newest that nvPTXCompiler 12.0 and drivers from R525 on accept"));
    }
}
