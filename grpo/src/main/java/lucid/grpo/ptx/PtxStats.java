package lucid.grpo.ptx;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.memory.Traffic;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Register;
import lucid.kernels.ptx.text.syntax.Variable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lucid ptx stats`.
@Command(name = "stats", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Counts what a file's kernels are made of; with the arguments of a launch, also what every line did when it ran.",
        footer = {"", "Examples:", "  lucid ptx stats vector_add_f32_sm80.ptx",
                "  lucid ptx stats vector_add_f32_sm80.ptx --grid 2 --block 128 --arg a=f32[256]:iota --arg b=f32[256]:iota --arg c=f32[256]:unset "
                + "--arg n=u32:256"})
final class PtxStats implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private LaunchOptions options;

    @Option(names = {"--block", "--threads"}, paramLabel = "X[,Y[,Z]]", description = "Threads of a block (default: what the kernel requires).")
    private String block;

    @Option(names = "--json", description = "Prints JSON.")
    private boolean json;

    @Override public Integer call() throws IOException {
        PtxModule module = options.module();
        ObjectNode o = new ObjectMapper().createObjectNode().put("file", module.name()).put("version", module.version() / 10.0)
                .put("target", module.target());
        ArrayNode entries = o.putArray("entries");
        for (Entry e : module.entries()) {
            if (options.entryName() == null || e.name().equals(options.entryName())) describe(e, entries.addObject());
        }
        RunReport report = options.hasArguments() ? options.prepare(block).launch().run() : null;
        if (report != null) lines(report, o.putArray("lines"));
        PrintWriter out = spec.commandLine().getOut();
        if (json) out.println(o.toPrettyString());
        else print(out, o, module);
        if (report != null) report.findings().forEach(f -> spec.commandLine().getErr().println(f));
        out.flush();
        return report == null || report.clean() ? 0 : 1;
    }

    private static void describe(Entry e, ObjectNode o) {
        Map<String, Long> opcodes = e.instructions().stream()
                .collect(Collectors.groupingBy(Instruction::opcode, TreeMap::new, Collectors.counting()));
        Map<String, Long> registers = e.registers().stream()
                .collect(Collectors.groupingBy(r -> r.type().text(), TreeMap::new, Collectors.counting()));
        o.put("name", e.name()).put("line", e.line()).put("instructions", e.instructions().size()).put("parameter_bytes", e.parameterBytes())
                .put("static_shared_bytes", e.shared().stream().filter(v -> !v.dynamic()).mapToLong(v -> v.offset() + v.bytes()).max().orElse(0))
                .put("dynamic_shared", e.shared().stream().anyMatch(Variable::dynamic))
                        .put("local_bytes", e.local().stream().mapToLong(v -> v.offset() + v.bytes()).max().orElse(0))
                .put("register_words", e.registers().stream().filter(r -> r.bank() != Register.Bank.PREDICATE)
                        .mapToInt(r -> r.bank() == Register.Bank.WIDE ? 2 : 1).sum());
        ArrayNode parameters = o.putArray("parameters");
        for (Variable p : e.parameters())
            parameters.addObject().put("name", p.name()).put("type", p.type().text()).put("bytes", p.bytes()).put("offset", p.offset());
        ObjectNode r = o.putObject("declared_registers");
        registers.forEach(r::put);
        ObjectNode i = o.putObject("opcodes");
        opcodes.forEach(i::put);
    }

    private static void lines(RunReport report, ArrayNode into) {
        for (Instruction i : report.entry().instructions()) {
            Traffic.Counts c = report.counters().traffic.at(i.index());
            into.addObject().put("line", i.line()).put("instruction", i.text()).put("executions", report.counters().executions[i.index()])
                    .put("lanes", report.counters().lanes[i.index()])
                    .put("bytes", c.bytes()).put("sectors", c.sectors()).put("ideal_sectors", c.idealSectors()).put("wavefronts", c.wavefronts())
                            .put("ideal_wavefronts", c.idealWavefronts());
        }
    }

    private static void print(PrintWriter out, ObjectNode o, PtxModule module) {
        out.println(module.name() + ": .version " + module.version() / 10 + "." + module.version() % 10 + ", .target " + module.target());
        for (var e : o.path("entries")) {
            out.println(e.path("name").asText() + " (line " + e.path("line") + "): " + e.path("instructions") + " instructions, "
                    + e.path("parameter_bytes") + " B parameters, "
                    + e.path("static_shared_bytes") + " B static shared" + (e.path("dynamic_shared").asBoolean() ? " + dynamic" : "") + ", "
                            + e.path("register_words") + " declared 32-bit registers");
            e.path("parameters").forEach(p -> out.println("  parameter " + p.path("name").asText() + ": ." + p.path("type").asText() + ", "
                    + p.path("bytes") + " B at " + p.path("offset")));
            out.println("  registers: " + e.path("declared_registers").toString().replaceAll("[{}\"]", "").replace(",", ", "));
            out.println("  opcodes: " + e.path("opcodes").toString().replaceAll("[{}\"]", "").replace(",", ", "));
        }
        if (!o.has("lines")) return;
        out.println(String.format(Locale.ROOT, "%6s %10s %12s %10s %9s %9s  %s", "line", "executed", "lanes", "bytes", "sectors", "waves",
                "instruction"));
        for (var l : o.path("lines")) {
            out.println(String.format(Locale.ROOT, "%6d %,10d %,12d %,10d %9s %9s  %s", l.path("line").asInt(), l.path("executions").asLong(),
                    l.path("lanes").asLong(), l.path("bytes").asLong(),
                    over(l.path("sectors").asLong(), l.path("ideal_sectors").asLong()),
                            over(l.path("wavefronts").asLong(), l.path("ideal_wavefronts").asLong()), l.path("instruction").asText()));
        }
        out.println("sectors, waves: found over ideal; more than the ideal is an uncoalesced access or a bank conflict");
    }

    private static String over(long actual, long ideal) { return actual == 0 ? "" : actual + "/" + ideal; }
}
