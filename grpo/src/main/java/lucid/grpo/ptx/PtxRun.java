package lucid.grpo.ptx;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import lucid.grpo.console.Count;
import lucid.grpo.console.UsageException;
import lucid.kernels.ptx.Card;
import lucid.kernels.ptx.Estimate;
import lucid.kernels.ptx.Profile;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.check.Finding;
import lucid.nn.file.SafetensorsWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lucid ptx run`.
@Command(name = "run", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Runs a kernel under all checks: bounds, alignment, uninitialised registers and memory, races, missing waits and fences, "
                + "barriers, dead-lock. "
                + "Exit status 0 without findings, 1 with.",
        footer = {"", "Examples:", "  lucid ptx run vector_add_f32_sm80.ptx --grid 2 --block 128 --arg a=f32[256]:iota --arg "
                + "b=f32[256]:\"normal(1)\" --arg c=f32[256]:unset --arg n=u32:256 --print c",
                "  lucid ptx run vector_add_f32_sm80.ptx --grid 2 --block 128 --arg a=f32[256]:iota --arg b=f32[256]:\"normal(1)\" --arg "
                        + "c=f32[256]:unset --arg n=u32:256 --print c --schedule random --seed 7 --save c=c.safetensors"})
final class PtxRun implements Callable<Integer> {
    private static final int PRINTED = 64;

    @Spec private CommandSpec spec;
    @Mixin private LaunchOptions options;

    @Option(names = {"--block", "--threads"}, paramLabel = "X[,Y[,Z]]", description = "Threads of a block (default: what the kernel requires).")
    private String block;

    @Option(names = "--print", split = ",", paramLabel = "NAME", description = "Prints buffers after the run.")
    private List<String> printed = new ArrayList<>();

    @Option(names = "--all", description = "Prints them whole; otherwise the first " + PRINTED + " elements.")
    private boolean all;

    @Option(names = "--save", paramLabel = "NAME=FILE", description = "Writes a buffer as a tensor of that name into a safetensors file.")
    private Map<String, Path> saved = new LinkedHashMap<>();

    @Option(names = "--card", paramLabel = "CARD", defaultValue = "h200",
            description = "Card for the estimate: h200, h100, a100 or rtx4090 (default: ${DEFAULT-VALUE}).")
    private String card;

    @Option(names = "--json", description = "Prints JSON.")
    private boolean json;

    @Override public Integer call() throws IOException {
        Card estimated = card();
        LaunchOptions.Prepared run = options.prepare(block);
        for (String name : printed) placed(run, name, "--print");
        for (String name : saved.keySet()) placed(run, name, "--save");
        long begin = System.nanoTime();
        RunReport report = run.launch().run();
        double seconds = (System.nanoTime() - begin) * 1e-9;
        for (Map.Entry<String, Path> s : saved.entrySet()) save(run, s.getKey(), s.getValue());
        PrintWriter out = spec.commandLine().getOut();
        if (json) out.println(node(run, report, seconds, estimated).toPrettyString());
        else print(out, run, report, seconds, estimated);
        out.flush();
        return report.clean() ? 0 : 1;
    }

    private void print(PrintWriter out, LaunchOptions.Prepared run, RunReport report, double seconds, Card estimated) {
        out.println(String.format(Locale.ROOT, "%s: %s, grid %s, block %s: %,d warp-instructions in %.2f s", report.file(), report.entry().name(),
                run.grid(), run.block(), report.counters().total(), seconds));
        profile(out, report.profile(), estimated);
        for (String name : printed) {
            List<Number> values = values(placed(run, name, "--print"), run, all ? Long.MAX_VALUE : PRINTED);
            long count = run.buffers().get(name).buffer().elements();
            out.println(name + " = " + values.toString().replaceFirst("]$", values.size() < count ? ", ... (" + count
                    + " elements; --all shows them)]" : "]"));
        }
        report.notes().forEach(out::println);
        report.findings().forEach(out::println);
        if (report.droppedFindings() > 0) out.println("and " + report.droppedFindings() + " more distinct findings");
        out.println(report.clean() ? "no findings" : Count.of(report.findings().size(), "finding"));
    }

    private ObjectNode node(LaunchOptions.Prepared run, RunReport report, double seconds, Card estimated) {
        ObjectNode o = new ObjectMapper().createObjectNode().put("file", report.file()).put("entry", report.entry().name()).put("grid", run.grid())
                .put("block", run.block())
                .put("seconds", seconds).put("warp_instructions", report.counters().total()).put("clean", report.clean());
        profile(o, report.profile(), estimated);
        ArrayNode notes = o.putArray("notes");
        report.notes().forEach(n -> notes.add(n.toString()));
        findings(o.putArray("findings"), report.findings());
        ObjectNode buffers = o.putObject("buffers");
        for (String name : printed) {
            ArrayNode list = buffers.putArray(name);
            values(placed(run, name, "--print"), run, all ? Long.MAX_VALUE : PRINTED).forEach(v -> list.add(v.doubleValue()));
        }
        return o;
    }

    private Card card() {
        return switch (card.toLowerCase(Locale.ROOT)) {
            case "h200" -> Card.H200;
            case "h100" -> Card.H100;
            case "a100" -> Card.A100;
            case "rtx4090" -> Card.RTX4090;
            default -> throw new UsageException("--card: found '" + card + "', wanted h200, h100, a100 or rtx4090");
        };
    }

    private static void profile(PrintWriter out, Profile p, Card estimated) {
        out.println("  instructions: " + counts(p.instructions()));
        out.println("  bytes by space: " + counts(p.bytes()) + "; flop by unit: " + counts(p.flops()));
        if (p.sectors() > 0)
            out.println(String.format(Locale.ROOT, "  global memory: %,d sectors of 32 bytes, %.2f x the ideal", p.sectors(),
                    (double) p.sectors() / p.idealSectors()));
        if (p.wavefronts() > 0)
            out.println(String.format(Locale.ROOT, "  shared memory: %,d wavefronts, %.2f x the ideal (more than 1: bank conflicts)", p.wavefronts(),
                    (double) p.wavefronts() / p.idealWavefronts()));
        out.println("  " + p.on(estimated));
    }

    private static String counts(Map<?, Long> counted) {
        return counted.isEmpty() ? "none" : counted.entrySet().stream().sorted((a, b) -> Long.compare(b.getValue(), a.getValue()))
                .map(e -> name(e.getKey()) + String.format(Locale.ROOT, " %,d", e.getValue())).collect(Collectors.joining(", "));
    }

    private static String name(Object key) { return key.toString().toLowerCase(Locale.ROOT).replace('_', ' '); }

    private static void profile(ObjectNode into, Profile p, Card estimated) {
        ObjectNode o = into.putObject("profile");
        numbers(o.putObject("instructions"), p.instructions());
        numbers(o.putObject("bytes"), p.bytes());
        numbers(o.putObject("flops"), p.flops());
        o.put("sectors", p.sectors()).put("ideal_sectors", p.idealSectors()).put("wavefronts", p.wavefronts())
                .put("ideal_wavefronts", p.idealWavefronts());
        Estimate e = p.on(estimated);
        o.putObject("estimate").put("card", estimated.name()).put("microseconds_at_least", e.total())
                .put("bound_by", e.bound() == null ? null : name(e.bound()))
                .put("roofline_fraction_at_most", e.rooflineFraction()).put("note", "from counts and published peaks, not a measurement");
    }

    private static void numbers(ObjectNode into, Map<?, Long> counted) { counted.forEach((key, n) -> into.put(name(key), n)); }

    static void findings(ArrayNode into, List<Finding> findings) {
        for (Finding f : findings) {
            ObjectNode o = into.addObject().put("kind", f.kind().name().toLowerCase(Locale.ROOT)).put("message", f.message()).put("count", f.count());
            if (f.address() != -1) o.put("address", "0x" + Long.toHexString(f.address())).put("value", "0x" + Long.toHexString(f.value()));
            site(o.putObject("at"), f.at());
            if (f.earlier() != null) site(o.putObject("earlier"), f.earlier());
        }
    }

    private static void site(ObjectNode o, Finding.Site at) {
        o.put("file", at.file()).put("line", at.instruction().line()).put("source", at.instruction().source())
                .put("instruction", at.instruction().text())
                .put("block", at.block()).put("warp", at.warp()).put("lane", at.lane());
    }

    private static LaunchOptions.Placed placed(LaunchOptions.Prepared run, String name, String option) {
        LaunchOptions.Placed placed = run.buffers().get(name);
        if (placed == null)
            throw new IllegalArgumentException(option + " " + name + ": there is no buffer of that name; buffers are " + run.buffers().keySet());
        return placed;
    }

    private static List<Number> values(LaunchOptions.Placed placed, LaunchOptions.Prepared run, long limit) {
        ElementType type = placed.buffer().type();
        int count = (int) Math.min(Math.min(limit, placed.buffer().elements()), (Integer.MAX_VALUE - 16) / type.bytes());
        byte[] raw = run.memory().read(placed.address(), count * type.bytes());
        List<Number> values = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            long bits = 0;
            for (int b = 0; b < type.bytes(); b++) bits |= (raw[i * type.bytes() + b] & 0xFFL) << 8 * b;
            values.add(type.value(bits));
        }
        return values;
    }

    private static void save(LaunchOptions.Prepared run, String name, Path file) {
        LaunchOptions.Placed placed = placed(run, name, "--save");
        ElementType type = placed.buffer().type();
        new SafetensorsWriter().add(name, type.stored(), new long[] {placed.buffer().elements()}, (from, count, chunk) ->
                chunk.put(run.memory().read(placed.address() + from * type.bytes(), count * type.bytes()))).write(file);
    }
}
