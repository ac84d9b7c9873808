package lucid.grpo.ptx;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import lucid.grpo.report.Page;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Register;

/// One trace as one self-contained page: source, lanes, shared memory by bank, a slider over time.
final class TraceHtml {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TraceHtml() {}

    /// What the page says of the run around the trace.
    record Frame(PtxModule module, Entry entry, int block, int warp, long from, String grid, String threads, int started) {}

    static String page(Frame frame, WarpTrace trace) throws IOException {
        return Page.of("ptx/trace", frame.module().name() + " - " + frame.entry().name(), node(frame, trace));
    }

    static ObjectNode node(Frame frame, WarpTrace trace) {
        Entry entry = frame.entry();
        ObjectNode o = JSON.createObjectNode().put("file", frame.module().name()).put("entry", entry.name()).put("block", frame.block())
                .put("warp", frame.warp())
                .put("grid", frame.grid()).put("threads", frame.threads()).put("started", frame.started()).put("seen", trace.seen())
                        .put("from", frame.from());
        frame.module().lines().forEach(o.putArray("lines")::add);
        ArrayNode registers = o.putArray("registers");
        for (Register r : entry.registers()) {
            registers.addObject().put("name", r.name()).put("type", r.type().text()).put("kind", r.type().kind().name()).put("bits", r.type().bits());
        }
        ArrayNode events = o.putArray("events");
        for (WarpTrace.Event e : trace.events()) event(events.addObject(), e, entry.registers());
        return o;
    }

    private static void event(ObjectNode o, WarpTrace.Event e, List<Register> registers) {
        o.put("line", e.instruction().line()).put("text", e.instruction().text()).put("mask", e.mask()).put("waited", e.waited())
                .put("stores", e.instruction().opcode().startsWith("st") || e.instruction().opcode().equals("red") || e.instruction().opcode()
                        .equals("atom"));
        ArrayNode values = o.putArray("values");
        for (WarpTrace.Value v : e.values()) {
            ObjectNode n = values.addObject().put("r", registers.indexOf(v.register()))
                    .put("changed", !java.util.Arrays.equals(v.before(), v.after()));
            ArrayNode after = n.putArray("after");
            for (long bits : v.after()) after.add(Long.toUnsignedString(bits));
        }
        ArrayNode touches = o.putArray("touches");
        for (WarpTrace.Touch t : e.addresses()) {
            ObjectNode n = touches.addObject().put("space", t.space()).put("bytes", t.bytes());
            ArrayNode at = n.putArray("at");
            for (long address : t.address()) at.add(Long.toUnsignedString(address));
        }
    }
}
