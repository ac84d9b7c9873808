package lucid.kernels.ptx.steps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoadStoreTest {
    private static void clean(RunReport report) {
        assertEquals(List.of(), report.findings());
    }

    private static List<Kind> kinds(RunReport report) {
        return report.findings().stream().map(Finding::kind).toList();
    }

    /// Address of the thread's byte `%tid * size` of `in` in %x0.
    private static String at(int size) {
        return "mad.wide.u32 %x0, %tid, " + size + ", %in;\n";
    }

    @ParameterizedTest
    @CsvSource({"ld.global.u8 %r1, 1, fe, 0", "ld.global.s8 %r1, 1, fffffffe, 0", "ld.global.b16 %r1, 2, ff7f, 0",
            "ld.global.s16 %r1, 2, ffffff7f, 0",
            "ld.global.s8 %h1, 1, fffe, 0", "ld.global.u8 %h1, 1, fe, 0", "ld.global.u32 %r1, 4, 8000ff7f, 0", "ld.global.f32 %f1, 4, 8000ff7f, 0",
            "ld.global.b32 %f1, 4, 8000ff7f, 0", "ld.global.s32 %x1, 4, 8000ff7f, ffffffff", "ld.global.u32 %x1, 4, 8000ff7f, 0",
                    "ld.global.s16 %x1, 2, ffffff7f, ffffffff",
            "ld.global.b64 %x1, 8, 8000ff7f, 7fffffff", "ld.global.f64 %d1, 8, 8000ff7f, 7fffffff", "ld.global.u64 %x1, 8, 8000ff7f, 7fffffff"})
    void loadsExtendToTheirRegister(String load, int bytes, String low, String high) {
        String register = load.substring(load.indexOf('%'));
        String type = register.startsWith("%x") ? "b64" : register.startsWith("%d") ? "f64" : register.startsWith("%h") ? "b16"
                : register.startsWith("%f") ? "f32" : "b32";
        byte[] input = new byte[32 * 8];
        byte[] pattern = bytes == 1 ? new byte[] {(byte) 0xfe} : bytes == 2 ? new byte[] {0x7f, (byte) 0xff}
                : new byte[] {0x7f, (byte) 0xff, 0, (byte) 0x80, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x7f};
        for (int i = 0; i < 32; i++) {
            System.arraycopy(pattern, 0, input, i * bytes, bytes);
        }
        var kernel = new Kernel("", "st.global.v2.u32 [%own], {0, 0};\n" + at(bytes) + load + ", [%x0];\nst.global." + type + " [%own], " + register
                + ";", input);
        clean(kernel.run());
        for (int thread : new int[] {0, 13, 31}) {
            assertEquals(low, Integer.toHexString(kernel.word(thread, 0)));
            assertEquals(high, Integer.toHexString(kernel.word(thread, 1)));
        }
    }

    @ParameterizedTest
    @CsvSource({"v2.u8, 2, '%r1, %r2', u32", "v4.u8, 4, '%r1, %r2, %r3, %r4', u32", "v2.b16, 4, '%r1, %r2', u32",
            "v4.u16, 8, '%r1, %r2, %r3, %r4', u32"})
    void vectorsOfNarrowElementsAreTakenApart(String form, int bytes, String registers, String type) {
        int count = form.charAt(1) - '0';
        String stores = count == 2 ? "st.global.v2." + type + " [%own], {" + registers + "};" : "st.global.v4." + type + " [%own], {"
                + registers + "};";
        var kernel = new Kernel("", at(bytes) + "ld.global." + form + " {" + registers + "}, [%x0];\n" + stores, Kernel.iota(512));
        clean(kernel.run());
        int size = bytes / count;
        for (int i = 0; i < count; i++) {
            int first = 7 * bytes + i * size;
            assertEquals(size == 1 ? first : first | first + 1 << 8, kernel.word(7, i));
        }
    }

    @Test
    void vectorsOfWords_andOfWides() {
        var kernel = new Kernel("", at(16) + "ld.global.v4.b32 {%r1, _, %r3, %r4}, [%x0];\nld.global.v2.u64 {%x1, %x2}, [%x0];\n"
                + "st.global.v4.b32 [%own], {%r1, 7, %r3, %r4};\nadd.u64 %x3, %own, 512;\nst.global.v2.b64 [%x3], {%x2, %x1};", Kernel.iota(512));
        clean(kernel.run());
        assertEquals(0x13121110, kernel.word(1, 0));
        assertEquals(7, kernel.word(1, 1));
        assertEquals(0x1f1e1d1c, kernel.word(1, 3));
        assertEquals(0x1f1e1d1c1b1a1918L, kernel.wide(33, 0));
        assertEquals(0x1716151413121110L, kernel.wide(33, 1));
    }

    @Test
    void storesTakeTheLowBits() {
        var kernel = new Kernel("", "st.global.v4.u32 [%own], {0, 0, 0, 0};\nmov.u32 %r1, 0x11223344;\nmov.u64 %x1, 0x5566778899aabbcc;\n"
                + "st.global.u8 [%own], %r1;\nst.global.u16 [%own+2], %r1;\nst.global.u32 [%own+4], %x1;\nst.global.v2.u8 [%own+8], {%r1, "
                        + "%x1};\nst.global.s8 [%own+10], -1;");
        clean(kernel.run());
        assertEquals(0x33440044, kernel.word(5, 0));
        assertEquals(0x99aabbcc, kernel.word(5, 1));
        assertEquals(0x00ffcc44, kernel.word(5, 2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ld.global.ca.u32", "ld.global.cg.u32", "ld.global.cs.u32", "ld.global.lu.u32", "ld.global.cv.u32", "ld.global.nc.u32",
            "ld.global.ca.nc.u32",
            "ld.global.nc.L1::no_allocate.L2::128B.u32", "ld.global.L1::evict_last.L2::256B.u32", "ld.volatile.global.u32",
                    "ld.relaxed.gpu.global.u32",
            "ld.acquire.sys.global.u32", "ld.weak.global.u32", "ld.u32", "ld.volatile.u32", "ld.relaxed.cta.u32", "ld.acquire.cluster.global.u32"})
    void everySpellingOfALoadLoads(String form) {
        var kernel = new Kernel("", at(4) + form + " %r1, [%x0];\nst.global.u32 [%own], %r1;", Kernel.iota(512));
        clean(kernel.run());
        assertEquals(0x0b0a0908, kernel.word(2, 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"st.global.wb.u32", "st.global.cg.u32", "st.global.cs.u32", "st.global.wt.u32", "st.volatile.global.u32",
            "st.relaxed.gpu.global.u32",
            "st.release.gpu.global.u32", "st.release.cluster.u32", "st.u32", "st.global.L1::no_allocate.u32", "st.weak.global.u32"})
    void everySpellingOfAStoreStores(String form) {
        var kernel = new Kernel("", form + " [%own+4], %tid;");
        clean(kernel.run());
        assertEquals(9, kernel.word(9, 1));
    }

    @Test
    void aCachePolicyIsAnOperand() {
        var kernel = new Kernel("", at(4) + "createpolicy.fractional.L2::evict_last.b64 %x1, 0f3F800000;\nld.global.L2::cache_hint.u32 %r1, [%x0], "
                + "%x1;\n"
                + "st.global.L2::cache_hint.u32 [%own], %r1, %x1;", Kernel.iota(512));
        clean(kernel.run());
        assertEquals(0x0b0a0908, kernel.word(2, 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ldu.global.u32 %r1, [%x0];", "ld.global.u32 %h1, [%x0];", "ld.global.f32 %r1, [%x0];", "ld.global.u32 %f1, [%x0];",
            "ld.shared.nc.u32 %r1, [%x0];",
            "ld.global.v4.u64 {%x1, %x2, %x3, %x4}, [%x0];", "ld.global.v2.u32 %r1, [%x0];", "st.const.u32 [%x0], %r1;", "st.param.u32 [%x0], %r1;",
            "ld.global.wt.u32 %r1, [%x0];", "ld.relaxed.global.u32 %r1, [%x0];", "ld.release.gpu.global.u32 %r1, [%x0];",
                    "st.acquire.gpu.global.u32 [%x0], %r1;",
            "ld.param.u32 %r1, [out+8];", "ld.global.f64 %x1, [%x0], %x1;", "ld.global.u32 1, [%x0];", "ld.shared.u32 %r1, [in];",
                    "ld.global.u32 %r1, %x0;"})
    void wrongFormsAreRefusedAtLoad(String instruction) {
        var e = assertThrows(PtxSyntaxException.class, () -> new Kernel("", instruction).run());
        assertTrue(e.getMessage().startsWith("kernel.ptx:"), e.getMessage());
    }

    @Test
    void sharedAndLocalVariables_ofEveryKindOfAddress() {
        var kernel = new Kernel(".shared .align 8 .u32 tile[64];\n.local .align 4 .u32 mine[2];", """
                mov.u32 %r1, tile;
                mad.lo.u32 %r1, %tid, 4, %r1;
                st.shared.u32 [%r1+128], %tid;
                bar.sync 0;
                sub.u32 %r2, 31, %tid;
                mov.u32 %r3, tile;
                mad.lo.u32 %r2, %r2, 4, %r3;
                ld.shared.u32 %r4, [%r2+128];
                st.local.u32 [mine+4], %r4;
                mov.u64 %x0, mine;
                cvta.local.u64 %x0, %x0;
                ld.u32 %r5, [%x0+4];
                cvt.u64.u32 %x1, %r2;
                cvta.shared.u64 %x1, %x1;
                ld.u32 %r6, [%x1+128];
                st.global.v2.u32 [%own], {%r5, %r6};
                """);
        clean(kernel.run());
        assertEquals(28, kernel.word(3, 0));
        assertEquals(28, kernel.word(3, 1));
    }

    @Test
    void parametersAndConstants_byNameAndByAddress() {
        var kernel = new Kernel("", """
                ld.param.u32 %r1, [out];
                mov.b64 %x0, in;
                ld.param.u64 %x1, [%x0+8];
                cvta.param.u64 %x2, %x0;
                ld.u64 %x3, [%x2];
                st.global.v2.u64 [%own], {%x1, %x3};
                """);
        clean(kernel.run());
        assertEquals(kernel.out, kernel.wide(4, 0));
        assertEquals(kernel.in, kernel.wide(4, 1));
    }

    @Test
    void aGenericPointerUsedAsASharedAddress_isExplained() {
        var report = new Kernel(".shared .u32 tile[32];", "mov.u64 %x0, tile;\ncvta.shared.u64 %x0, %x0;\nst.shared.u32 [%x0], 1;").run();
        assertEquals(List.of(Kind.OUT_OF_BOUNDS), kinds(report));
        assertTrue(report.findings().getFirst().message().contains("cvta.to.shared"), report.findings().toString());
    }

    @Test
    void sharedMemoryStartsUninitialised_andEndsWhereItEnds() {
        var kernel = new Kernel(".shared .u32 tile[32];", "mov.u32 %r1, tile;\nmad.lo.u32 %r1, %tid, 4, %r1;\nld.shared.u32 %r2, "
                + "[%r1];\nst.global.u32 [%own], %r2;\nst.shared.u32 [%r1+4], %tid;");
        RunReport report = kernel.run();
        assertEquals(List.of(Kind.UNINITIALISED_MEMORY, Kind.RACE, Kind.OUT_OF_BOUNDS), kinds(report));
        assertEquals(-1, kernel.word(0, 0));
        assertTrue(report.findings().getFirst().message().contains("'tile'"));
        assertTrue(report.findings().getLast().message().contains("0 bytes past the end of the block's shared memory (128 bytes"),
                report.findings().toString());
    }

    @Test
    void localMemoryIsChecked() {
        assertEquals(List.of(Kind.UNINITIALISED_MEMORY, Kind.OUT_OF_BOUNDS, Kind.MISALIGNED),
                kinds(new Kernel(".local .align 8 .b8 mine[8];", "ld.local.u32 %r1, [mine];\nst.local.u32 [mine+8], 1;\nst.local.u32 [mine+2], 1;")
                        .run()));
    }

    @Test
    void writingThroughAParametersAddress_isAFinding() {
        assertEquals(List.of(Kind.READ_ONLY), kinds(new Kernel("", "mov.b64 %x0, in;\ncvta.param.u64 %x0, %x0;\nst.u32 [%x0], 1;").run()));
    }

    @Test
    void anotherBlocksSharedMemory_needsSharedCluster() {
        String head = "mov.u32 %r1, tile;\nmapa.shared::cluster.u32 %r2, %r1, 1;\nst.shared.u32 [%r1], "
                + "5;\nbarrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n";
        String tail = "\nst.global.u32 [%out], %r3;\nbarrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;";
        String store = "setp.ne.u32 %p0, %ctaid, 0;\n@%p0 bra SKIP;\n";
        String skip = "\nst.global.u32 [%out], %r3;\nSKIP:\nbarrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;";
        var good = new Kernel(".shared .u32 tile;", head + store + "ld.shared::cluster.u32 %r3, [%r2];" + skip).grid(2, 1).cluster(2);
        clean(good.run());
        assertEquals(5, good.word(0, 0));
        var bad = new Kernel(".shared .u32 tile;", head + "ld.shared.u32 %r3, [%r2];" + tail).grid(2, 1).cluster(2).run();
        assertTrue(bad.findings().getFirst().message().contains("use .shared::cluster"), bad.findings().toString());
    }
}
