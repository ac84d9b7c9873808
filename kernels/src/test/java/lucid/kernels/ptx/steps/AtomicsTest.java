package lucid.kernels.ptx.steps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AtomicsTest {
    private static void clean(RunReport report) {
        assertEquals(List.of(), report.findings());
    }

    private static java.util.Set<Kind> kinds(RunReport report) {
        return report.findings().stream().map(Finding::kind).collect(java.util.stream.Collectors.toSet());
    }

    /// One thread: the location holds `before`, operands `a` and `b`; the old value comes back, `after` stays.
    @ParameterizedTest
    @CsvSource({"add.u32, fffffffe, 5, 0, 3", "add.s32, 7fffffff, 1, 0, 80000000", "and.b32, f0f0f0f0, ff00ff00, 0, f000f000",
            "or.b32, f0f0f0f0, f00, 0, f0f0fff0",
            "xor.b32, ffffffff, f0f, 0, fffff0f0", "exch.b32, 1, 2, 0, 2", "cas.b32, 1, 1, 9, 9", "cas.b32, 1, 2, 9, 1", "inc.u32, 4, 5, 0, 5",
                    "inc.u32, 5, 5, 0, 0", "inc.u32, 9, 5, 0, 0",
            "dec.u32, 0, 5, 0, 5", "dec.u32, 9, 5, 0, 5", "dec.u32, 5, 5, 0, 4", "dec.u32, 3, 5, 0, 2", "min.u32, ffffffff, 1, 0, 1",
                    "min.s32, ffffffff, 1, 0, ffffffff",
            "max.u32, ffffffff, 1, 0, ffffffff", "max.s32, ffffffff, 1, 0, 1", "add.f32, 3f800000, 40000000, 0, 40400000",
                    "add.f32, 7f800000, ff800000, 0, 7fffffff",
            "add.f32, 00400000, 00000000, 0, 00000000", "add.f32, 80400000, 80000000, 0, 80000000",
                    "add.noftz.f16x2, 3c004000, 40000001, 0, 42004000",
            "add.noftz.f16x2, 00017bff, 00017bff, 0, 00027c00", "add.noftz.bf16x2, 3f804000, 3f804000, 0, 40004080",
                    "add.noftz.bf16x2, 3f807f80, 3b80ff80, 0, 3f807fff"})
    void wordsInGlobalMemory(String operation, String before, String a, String b, String after) {
        word(operation, "global", before, a, b, after);
        word(operation, "", before, a, b, after);
    }

    @Test
    void inSharedMemory_subnormalsStay() {
        word("add.f32", "shared", "00400000", "00000001", "0", "00400001");
        word("add.f32", "shared", "80400000", "80000000", "0", "80400000");
        word("add.u32", "shared", "7", "8", "0", "f");
        word("cas.b32", "shared::cta", "7", "7", "1", "1");
    }

    private void word(String operation, String space, String before, String a, String b, String after) {
        boolean shared = space.startsWith("shared");
        String dot = space.isEmpty() ? "" : "." + space;
        String place = shared ? "%r5" : "%own";
        String third = operation.startsWith("cas") ? ", %r3" : "";
        String type = operation.substring(operation.lastIndexOf('.') + 1);
        String registers = type.equals("f32") ? "f" : type.endsWith("x2") ? "b" : "r";
        String moves = registers.equals("r") ? "" : "mov.b32 %" + registers + "2, %r2;\n";
        String old = registers.equals("r") ? "" : "mov.b32 %r4, %" + registers + "4;\n";
        var kernel = new Kernel(".shared .u32 cell;", "mov.u32 %r1, 0x" + before + ";\nmov.u32 %r2, 0x" + a + ";\nmov.u32 %r3, 0x" + b
                + ";\nmov.u32 %r5, cell;\n" + moves
                + "st" + dot.replace("::cta", "") + ".b32 [" + place + "], %r1;\n"
                + "atom" + dot + "." + operation + " %" + registers + "4, [" + place + "], %" + registers + "2" + third + ";\n" + old
                + "ld" + dot.replace("::cta", "") + ".u32 %r6, [" + place + "];\nst.global.v2.u32 [%own], {%r4, %r6};").grid(1, 1);
        clean(kernel.run());
        assertEquals(Integer.parseUnsignedInt(before, 16), kernel.word(0, 0), operation);
        assertEquals(after.replaceFirst("^0+(?=.)", ""), Integer.toHexString(kernel.word(0, 1)), operation + " " + before);
    }

    @ParameterizedTest
    @CsvSource({"add.u64, ffffffffffffffff, 2, 0, 1", "and.b64, f0f0f0f000000001, ff00ff0000000001, 0, f000f00000000001",
            "or.b64, 1, 8000000000000000, 0, 8000000000000001",
            "xor.b64, ff, f, 0, f0", "exch.b64, 1, 8000000000000000, 0, 8000000000000000", "cas.b64, 100000001, 100000001, 7, 7",
                    "cas.b64, 100000001, 1, 7, 100000001",
            "min.u64, ffffffffffffffff, 1, 0, 1", "min.s64, ffffffffffffffff, 1, 0, ffffffffffffffff",
                    "max.u64, ffffffffffffffff, 1, 0, ffffffffffffffff",
            "max.s64, ffffffffffffffff, 1, 0, 1", "add.f64, 3ff0000000000000, 4000000000000000, 0, 4008000000000000"})
    void wides(String operation, String before, String a, String b, String after) {
        String third = operation.startsWith("cas") ? ", %x3" : "";
        boolean f = operation.endsWith("f64");
        var kernel = new Kernel("", "mov.u64 %x1, 0x" + before + ";\nmov.u64 %x2, 0x" + a + ";\nmov.u64 %x3, 0x" + b + ";\n"
                + (f ? "mov.b64 %d2, %x2;\n" : "")
                + "st.global.b64 [%own], %x1;\natom.global." + operation
                        + (f ? " %d1, [%own], %d2;\nmov.b64 %x4, %d1;\n" : " %x4, [%own], %x2" + third + ";\n")
                + "ld.global.u64 %x5, [%own];\nst.global.v2.u64 [%own], {%x4, %x5};").grid(1, 1);
        clean(kernel.run());
        assertEquals(Long.parseUnsignedLong(before, 16), kernel.wide(0, 0));
        assertEquals(Long.parseUnsignedLong(after, 16), kernel.wide(0, 1));
    }

    @Test
    void sixteenBitCompareAndSwap() {
        var kernel = new Kernel("", "mov.b16 %h1, 0x1234;\nmov.b16 %h2, 0x5678;\nst.global.b32 [%own], 0xabcd1234;\natom.global.cas.b16 %h3, "
                + "[%own], %h1, %h2;\n"
                + "atom.global.cas.b16 %h4, [%own+2], %h1, %h2;\nst.global.v2.b16 [%own+4], {%h3, %h4};").grid(1, 1);
        clean(kernel.run());
        assertEquals(0xabcd5678, kernel.word(0, 0));
        assertEquals(0xabcd1234, kernel.word(0, 1));
    }

    @Test
    void lanesAndBlocksAndWarpsAllCount_onSeveralThreads() {
        var kernel = new Kernel("", "mov.u32 %r1, 1;\nred.global.add.u32 [%in], %r1;\nred.relaxed.gpu.global.max.u32 [%in+4], %tid;\nred.add.u32 "
                + "[%in+8], 2;");
        kernel.grid(40, 256);
        clean(kernel.run(2));
        byte[] sums = kernel.memory.read(kernel.in, 12);
        var words = java.nio.ByteBuffer.wrap(sums).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        assertEquals(40 * 256, words.getInt(0));
        assertEquals(255, words.getInt(4));
        assertEquals(2 * 40 * 256, words.getInt(8));
    }

    @Test
    void everyLaneGetsAnotherOldValue() {
        var kernel = new Kernel(".shared .u32 cell;", "mov.u32 %r1, cell;\nsetp.eq.u32 %p0, %tid, 0;\n@%p0 st.shared.u32 [%r1], 0;\nbar.sync 0;\n"
                + "atom.shared.add.u32 %r2, [%r1], 1;\nst.global.u32 [%own], %r2;");
        clean(kernel.run());
        assertEquals(31 * 32 / 2, java.util.stream.IntStream.range(0, 32).map(t -> kernel.word(t, 0)).sum());
        assertEquals(32, java.util.stream.IntStream.range(0, 32).map(t -> kernel.word(t, 0)).distinct().count());
    }

    @Test
    void uninitialisedMisalignedAndForeignPlaces_areFindings() {
        RunReport report = new Kernel("", "atom.global.add.u32 %r1, [%own], 1;\natom.global.add.u32 %r1, [%in+2], 1;\nadd.u64 %x1, %in, "
                + "1024;\natom.global.exch.b32 %r1, [%x1], 1;").grid(1, 1).run();
        assertEquals(List.of(Kind.UNINITIALISED_MEMORY, Kind.MISALIGNED, Kind.OUT_OF_BOUNDS), report.findings().stream().map(Finding::kind).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"atom.global.add.f16x2 %r1, [%x0], %r2;", "atom.global.add.noftz.f32 %f1, [%x0], %f2;",
            "atom.global.add.b32 %r1, [%x0], %r2;",
            "atom.global.add.s64 %x1, [%x0], %x2;", "atom.global.inc.s32 %r1, [%x0], %r2;", "red.global.exch.b32 [%x0], %r1;",
                    "red.global.cas.b32 [%x0], %r1, %r2;",
            "atom.const.add.u32 %r1, [%x0], %r2;", "atom.global.cas.b32 %r1, [%x0], %r2;", "atom.global.and.u32 %r1, [%x0], %r2;",
                    "red.acquire.gpu.global.add.u32 [%x0], %r1;",
            "atom.global.min.f32 %f1, [%x0], %f2;", "atom.local.add.u32 %r1, [%x0], %r2;"})
    void wrongFormsAreRefusedAtLoad(String instruction) {
        assertThrows(PtxSyntaxException.class, () -> new Kernel("", instruction).run());
    }

    @Test
    void theLastBlock_seesWhatTheOthersWrote_onlyWithFences() {
        clean(lastBlock("membar.gl;", "membar.gl;").run(2));
        clean(lastBlock("fence.acq_rel.gpu;", "fence.sc.gpu;").run(2));
        assertEquals(java.util.Set.of(Kind.RACE), kinds(lastBlock("", "membar.gl;").run(2)));
        assertEquals(java.util.Set.of(Kind.RACE), kinds(lastBlock("membar.gl;", "").run(2)));
        assertEquals(java.util.Set.of(Kind.RACE), kinds(lastBlock("membar.cta;", "membar.gl;").run(2)));
    }

    /// Every block writes a word, and the one that counts to 8 adds them all.
    private static Kernel lastBlock(String before, String after) {
        return new Kernel("", """
                mad.wide.u32 %%x1, %%ctaid, 4, %%out;
                st.global.u32 [%%x1+16], %%ctaid;
                %s
                atom.global.add.u32 %%r1, [%%in], 1;
                setp.ne.u32 %%p0, %%r1, 7;
                @%%p0 bra DONE;
                %s
                ld.global.v4.u32 {%%r1, %%r2, %%r3, %%r4}, [%%out+16];
                ld.global.v4.u32 {%%r5, %%r6, %%r7, %%r8}, [%%out+32];
                add.u32 %%r1, %%r1, %%r8;
                st.global.u32 [%%out], %%r1;
                DONE:
                """.formatted(before, after)).grid(8, 1);
    }
}
