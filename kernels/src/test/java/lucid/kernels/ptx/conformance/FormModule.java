package lucid.kernels.ptx.conformance;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import lucid.kernels.ptx.Launch;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.conformance.FormTable.Form;
import lucid.kernels.ptx.conformance.FormTable.Slot;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.text.PtxModule;

/// A form as a `.ptx` module of its own: loads its operands, lane by lane, from arrays, runs it, stores its results into arrays.
final class FormModule {
    private static final int SCRATCH_BYTES = 4096;

    private FormModule() {}

    static String text(Form form) {
        return ".version " + form.version() + "\n.target sm_90a\n.address_size 64\n" + entry(form, "form");
    }

    /// The entry alone, for modules with many of them.
    static String entry(Form form, String name) {
        var text = new StringBuilder(".visible .entry " + name + "(");
        List<String> parameters = new ArrayList<>();
        form.operands().forEach(s -> parameters.add("    .param .u64 in_" + s.name()));
        form.results().forEach(s -> parameters.add("    .param .u64 out_" + s.name()));
        parameters.add("    .param .u64 scratch");
        text.append("\n").append(String.join(",\n", parameters)).append(")\n{\n");
        text.append("    .reg .u32 %lane, %bit;\n    .reg .u64 %at, %step, gp;\n    .shared .align 128 .b8 smem[4096];\n");
        for (Slot slot : slots(form)) {
            text.append("    .reg .").append(slot.type()).append(' ').append(slot.name()).append(";\n");
        }
        text.append("    mov.u32 %lane, %tid.x;\n    ld.param.u64 gp, [scratch];\n");
        form.operands().forEach(s -> text.append(load(s)));
        text.append("    ").append(form.text()).append('\n');
        form.results().forEach(s -> text.append(store(s)));
        return text.append("    ret;\n}\n").toString();
    }

    /// Operands, then results that are not operands too.
    private static List<Slot> slots(Form form) {
        List<Slot> slots = new ArrayList<>(form.operands());
        form.results().stream().filter(r -> form.operands().stream().noneMatch(o -> o.name().equals(r.name()))).forEach(slots::add);
        return slots;
    }

    private static String at(String parameter, int bytes) {
        return "    ld.param.u64 %at, [" + parameter + "];\n    mul.wide.u32 %step, %lane, " + bytes + ";\n    add.u64 %at, %at, %step;\n";
    }

    private static String load(Slot slot) {
        String at = at("in_" + slot.name(), slot.bits() / 8);
        return slot.type().equals("pred") ? at + "    ld.global.u32 %bit, [%at];\n    setp.ne.u32 " + slot.name() + ", %bit, 0;\n"
                : at + "    ld.global.b" + slot.bits() + " " + slot.name() + ", [%at];\n";
    }

    private static String store(Slot slot) {
        String at = at("out_" + slot.name(), slot.bits() / 8);
        return slot.type().equals("pred") ? at + "    selp.u32 %bit, 1, 0, " + slot.name() + ";\n    st.global.u32 [%at], %bit;\n"
                : at + "    st.global.b" + slot.bits() + " [%at], " + slot.name() + ";\n";
    }

    /// What a run gave: the report, and one array per result.
    record Outcome(RunReport report, List<long[]> results) {}

    static Outcome run(Form form) {
        var memory = new GlobalMemory(1);
        Launch launch = Launch.of(PtxModule.parse(form.table() + "." + form.line(), text(form)), null).grid(1, 1, 1).block(form.cases(), 1, 1)
                .memory(memory);
        for (int i = 0; i < form.operands().size(); i++) {
            Slot slot = form.operands().get(i);
            launch.argument("in_" + slot.name(), memory.allocate("in_" + slot.name(), bytes(form.values().get(i), slot.bits())));
        }
        List<Long> outputs = new ArrayList<>();
        for (Slot slot : form.results()) {
            long address = memory.allocate("out_" + slot.name(), (long) form.cases() * slot.bits() / 8);
            outputs.add(address);
            launch.argument("out_" + slot.name(), address);
        }
        RunReport report = launch.argument("scratch", memory.allocateZero("scratch", SCRATCH_BYTES)).run();
        List<long[]> results = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            int bits = form.results().get(i).bits();
            results.add(values(memory.read(outputs.get(i), form.cases() * bits / 8), bits));
        }
        return new Outcome(report, results);
    }

    private static byte[] bytes(long[] values, int bits) {
        var buffer = ByteBuffer.allocate(values.length * bits / 8).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) {
            switch (bits) {
                case 16 -> buffer.putShort((short) value);
                case 32 -> buffer.putInt((int) value);
                default -> buffer.putLong(value);
            }
        }
        return buffer.array();
    }

    private static long[] values(byte[] bytes, int bits) {
        var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long[] values = new long[bytes.length * 8 / bits];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (bits) {
                case 16 -> buffer.getShort() & 0xffffL;
                case 32 -> buffer.getInt() & 0xffffffffL;
                default -> buffer.getLong();
            };
        }
        return values;
    }
}
