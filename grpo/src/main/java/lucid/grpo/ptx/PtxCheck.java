package lucid.grpo.ptx;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import lucid.grpo.console.Json;
import lucid.kernels.compile.Compilation;
import lucid.kernels.compile.CompileGate;
import lucid.kernels.compile.Diagnostic;
import lucid.kernels.compile.EntryUsage;
import lucid.kernels.compile.GateReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lucid ptx check`: what NVIDIA's own assemblers say.
@Command(name = "check", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Compiles files with NVIDIA's assembler (no GPU needed): registers, spills, shared memory, notes. Exit status 1 when a file "
                + "has an error, a spill or a C75xx note.",
        footer = {"", "Examples:", "  lucid ptx check *.ptx", "  lucid ptx check vector_add_f32_sm80.ptx --target sm_90a --json"})
final class PtxCheck implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Files to check.")
    private List<Path> files;

    @Option(names = "--target", paramLabel = "SM", description = "Architecture to compile for (default: the file's own .target).")
    private String target;

    @Option(names = "--json", description = "Prints JSON.")
    private boolean json;

    @Override public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        ArrayNode all = new ObjectMapper().createArrayNode();
        boolean accepted = true;
        for (Path file : files) {
            if (!Files.isRegularFile(file))
                throw new IllegalArgumentException(file + (Files.isDirectory(file) ? ": found a folder" : ": no such file") + "; wanted a .ptx file");
            GateReport report = target == null ? CompileGate.check(file) : CompileGate.check(file, target);
            accepted &= report.objections().isEmpty();
            if (json) all.add(node(report));
            else print(out, report);
        }
        if (json) out.println(all.toPrettyString());
        out.flush();
        return accepted ? 0 : 1;
    }

    private static void print(PrintWriter out, GateReport report) {
        out.println(report.file() + " for " + report.target() + (report.objections().isEmpty() ? ": accepted" : ": NOT accepted"));
        for (Compilation c : report.compilations()) {
            for (EntryUsage e : c.entries()) out.println("  " + c.compiler() + ": " + e);
            for (Diagnostic d : c.diagnostics()) out.println("  " + c.compiler() + ": " + d);
        }
        for (String missing : report.unavailable()) out.println("  not asked: " + missing);
    }

    private static ObjectNode node(GateReport report) {
        ObjectNode o = new ObjectNode(JsonNodeFactory.instance).put("file", report.file()).put("target", report.target())
                .put("accepted", report.objections().isEmpty());
        o.set("compilations", Json.tree(report.compilations()));
        o.set("unavailable", Json.tree(report.unavailable()));
        return o;
    }
}
