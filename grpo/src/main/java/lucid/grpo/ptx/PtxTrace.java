package lucid.grpo.ptx;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import lucid.grpo.console.UsageException;
import lucid.grpo.run.Disk;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Register;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lucid ptx trace`: one lane, instruction by instruction, or one warp as a page.
@Command(name = "trace", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Runs a kernel and shows what one lane does: every instruction with its registers before and after, the source beside it.",
        footer = {"", "Examples:", "  lucid ptx trace vector_add_f32_sm80.ptx --grid 2 --threads 128 --arg a=f32[256]:iota --arg b=f32[256]:iota "
                + "--arg c=f32[256]:unset --arg n=u32:256 --block 1 --lane 3",
                "  lucid ptx trace vector_add_f32_sm80.ptx --grid 2 --threads 128 --arg a=f32[256]:iota --arg b=f32[256]:iota --arg "
                        + "c=f32[256]:unset --arg n=u32:256 --html add.html"})
final class PtxTrace implements Callable<Integer> {
    private static final int PAGE_LIMIT = 4000;

    @Spec private CommandSpec spec;
    @Mixin private LaunchOptions options;

    @Option(names = "--threads", paramLabel = "X[,Y[,Z]]", description = "Threads of a block (default: what the kernel requires).")
    private String threads;

    @Option(names = "--block", paramLabel = "B", defaultValue = "0", description = "Index of the block to watch (default: ${DEFAULT-VALUE}).")
    private int block;

    @Option(names = "--warp", paramLabel = "W", defaultValue = "0", description = "Its warp (default: ${DEFAULT-VALUE}).")
    private int warp;

    @Option(names = "--lane", paramLabel = "L", defaultValue = "0", description = "The warp's lane (default: ${DEFAULT-VALUE}).")
    private int lane;

    @Option(names = "--reg", split = ",", paramLabel = "NAME", description = "Only instructions that name one of these registers.")
    private List<String> registers = new ArrayList<>();

    @Option(names = "--from", paramLabel = "N", defaultValue = "0",
            description = "Instructions of the warp to pass over (default: ${DEFAULT-VALUE}).")
    private long from;

    @Option(names = "--count", paramLabel = "N", description = "Instructions to show (default: 400; 4000 in a page).")
    private Integer count;

    @Option(names = "--html", arity = "0..1", fallbackValue = "", paramLabel = "FILE",
            description = "Writes a page with all lanes and the shared memory (default name: FILE.html beside the kernel).")
    private String html;

    @Option(names = "--json", description = "Prints JSON.")
    private boolean json;

    @Override public Integer call() throws IOException {
        if (lane < 0 || lane > 31) throw new UsageException("--lane: found " + lane + ", wanted 0 to 31");
        if (count != null) UsageException.atLeast("--count", count, 1);
        LaunchOptions.Prepared run = options.prepare(threads);
        Set<Register> wanted = wanted(run.entry());
        WarpTrace trace = new WarpTrace(block, warp, from, count != null ? count : html != null ? PAGE_LIMIT : 400);
        RunReport report = run.launch().threads(1).observer(trace).run();
        if (trace.seen() == 0) {
            throw new IllegalArgumentException("--block " + block + " --warp " + warp + ": this warp ran nothing; the grid is " + run.grid()
                    + " blocks of " + run.block() + " threads");
        }
        TraceHtml.Frame frame = new TraceHtml.Frame(run.module(), run.entry(), block, warp, from, run.grid(), run.block(), trace.started());
        PrintWriter out = spec.commandLine().getOut();
        if (json) out.println(new ObjectMapper().writeValueAsString(TraceHtml.node(frame, trace)));
        else if (html != null) page(out, frame, trace, run);
        else print(out, run, trace, wanted);
        for (Finding finding : report.findings()) spec.commandLine().getErr().println(finding);
        out.flush();
        return report.findings().isEmpty() ? 0 : 1;
    }

    private void page(PrintWriter out, TraceHtml.Frame frame, WarpTrace trace, LaunchOptions.Prepared run) throws IOException {
        Path file = Path.of(html.isEmpty() ? run.module().name().replaceFirst("\\.ptx$", "") + "-trace.html" : html);
        Disk.text(file, TraceHtml.page(frame, trace));
        out.println("page: " + file + " (" + trace.events().size() + " of " + trace.seen() + " instructions of block " + block + ", warp "
                + warp + ")");
    }

    private Set<Register> wanted(Entry entry) {
        Set<Register> found = new LinkedHashSet<>();
        for (String name : registers) {
            List<Register> named = entry.registers().stream().filter(r -> r.name().equals(name)).toList();
            if (named.isEmpty()) throw new IllegalArgumentException("--reg " + name + ": " + entry.name() + " declares no such register");
            found.addAll(named);
        }
        return found;
    }

    private void print(PrintWriter out, LaunchOptions.Prepared run, WarpTrace trace, Set<Register> wanted) {
        long number = from;
        for (WarpTrace.Event e : trace.events()) {
            if (wanted.isEmpty() || e.values().stream().anyMatch(v -> wanted.contains(v.register()))) {
                boolean active = (e.mask() >>> lane & 1) != 0;
                out.println(String.format(Locale.ROOT, "%6d  %s:%-4d %-60s %s", number, run.module().name(), e.instruction().line(), guarded(e),
                        active ? values(e) : "(lane " + lane + " does not run it)") + (e.waited() == 0 ? "" : "  [waited " + e.waited() + "x]"));
            }
            number++;
        }
        if (from + trace.events().size() < trace.seen())
            out.println("... " + (trace.seen() - from - trace.events().size()) + " more; see --from and --count");
    }

    private static String guarded(WarpTrace.Event e) {
        var guard = e.instruction().guard();
        return (guard == null ? "" : "@" + (guard.negated() ? "!" : "") + guard.predicate().name() + " ") + e.instruction().text();
    }

    private String values(WarpTrace.Event e) {
        List<String> parts = new ArrayList<>();
        for (WarpTrace.Value v : e.values()) {
            String before = RegisterText.of(v.register(), v.before()[lane]);
            parts.add(v.register().name() + " = " + (v.changed(lane) ? before + " -> " + RegisterText.of(v.register(), v.after()[lane]) : before));
        }
        for (WarpTrace.Touch t : e.addresses())
            parts.add((t.space().isEmpty() ? "" : t.space() + " ") + "address 0x" + Long.toHexString(t.address()[lane]));
        return String.join("; ", parts);
    }
}
