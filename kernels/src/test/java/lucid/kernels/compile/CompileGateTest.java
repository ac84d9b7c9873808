package lucid.kernels.compile;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompileGateTest {
    private static final String GOOD = """
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry good(.param .u64 p, .param .u32 n)
            {
                .reg .u32 r, sa;
                .reg .u64 a;
                .shared .f32 s[64];
                ld.param.u32 r, [n];
                ld.param.u64 a, [p];
                mov.u32 sa, s;
                st.shared.u32 [sa], r;
                bar.sync 0;
                ld.shared.u32 r, [sa+4];
                st.global.u32 [a], r;
                ret;
            }
            """;

    @BeforeAll static void anAssemblerIsHere() {
        Assumptions.assumeFalse(CompileGate.assemblers().isEmpty(), "no assembler for this platform");
    }

    @Test void aGoodKernelShowsItsUse() {
        GateReport report = CompileGate.check("good.ptx", GOOD, "sm_80");
        assertEquals(List.of(), report.objections());
        for (Compilation c : report.compilations()) {
            EntryUsage use = c.entries().getFirst();
            assertAll(() -> assertEquals("good", use.entry()), () -> assertTrue(use.registers() >= 4 && use.registers() <= 16, use.toString()),
                    () -> assertEquals(256, use.sharedBytes()), () -> assertTrue(use.constantBytes() >= 0x160 + 12, use.toString()),
                    () -> assertEquals(0, use.spillStoreBytes() + use.spillLoadBytes() + use.stackBytes()));
        }
    }

    @Test void anErrorNamesFileAndLine() {
        String bad = GOOD.replace("mov.u32 sa, s;", "mov.u32 sa, s, s;");
        GateReport report = CompileGate.check("kernels/bad.ptx", bad, "sm_80");
        assertFalse(report.ok());
        for (Compilation c : report.compilations()) {
            assertTrue(c.entries().isEmpty());
            assertTrue(c.errors().stream().anyMatch(d -> d.line() == 11 && d.toString().startsWith("kernels/bad.ptx:11: error")), c.toString());
        }
    }

    @Test void aSpillIsAnObjection() {
        StringBuilder body = new StringBuilder("""
                .version 8.0
                .target sm_80
                .address_size 64
                .visible .entry spill(.param .u64 p, .param .u32 n)
                .maxnreg 24
                {
                .reg .u64 a;
                .reg .u32 n0;
                .reg .pred more;
                .reg .f32 x<160>;
                ld.param.u64 a, [p];
                mov.u32 n0, %tid.x;
                mad.wide.u32 a, n0, 640, a;
                ld.param.u32 n0, [n];
                """);
        // 160 values that differ by lane (uniform registers would take equal ones) live around a loop do not fit into 24 registers.
        IntStream.range(0, 160).forEach(i -> body.append("ld.global.f32 x").append(i).append(", [a+").append(4 * i).append("];\n"));
        body.append("LOOP:\n");
        IntStream.range(0, 160).forEach(i -> body.append("fma.rn.f32 x%d, x%d, x%d, x%d;\n".formatted(i, i, (i + 7) % 160, (i + 31) % 160)));
        body.append("sub.u32 n0, n0, 1;\nsetp.ne.u32 more, n0, 0;\n@more bra LOOP;\n");
        IntStream.range(0, 160).forEach(i -> body.append("st.global.f32 [a+").append(4 * i).append("], x").append(i).append(";\n"));
        GateReport report = CompileGate.check("spill.ptx", body + "ret;\n}\n", "sm_80");
        assertTrue(report.ok());
        for (Compilation c : report.compilations()) {
            EntryUsage use = c.entries().getFirst();
            assertTrue(use.spills() && use.spillStoreBytes() >= 64 && use.spillLoadBytes() >= 64, use.toString());
        }
        assertTrue(report.objections().stream().anyMatch(line -> line.contains("spills")), report.objections()::toString);
    }

    /// Accumulators read before `wgmma.wait_group`: the assembler puts the wait in and says so in a note that no exit status shows.
    @Test void aRepairedWgmmaIsAnObjection() {
        String text = """
                .version 8.0
                .target sm_90a
                .address_size 64
                .visible .entry nowait(.param .u64 p)
                {
                    .reg .f32 d<4>;
                    .reg .b64 da, a;
                    ld.param.u64 a, [p];
                    mov.b64 da, 0x4000004000010000;
                    mov.f32 d0, 0f00000000; mov.f32 d1, 0f00000000; mov.f32 d2, 0f00000000; mov.f32 d3, 0f00000000;
                    wgmma.fence.sync.aligned;
                    wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {d0,d1,d2,d3}, da, da, 1, 1, 1, 0, 0;
                    wgmma.commit_group.sync.aligned;
                    st.global.f32 [a], d0;
                    ret;
                }
                """;
        GateReport report = CompileGate.check("nowait.ptx", text, "sm_90a");
        assertTrue(report.ok());
        for (Compilation c : report.compilations()) {
            assertTrue(c.performanceNotes().stream().anyMatch(d -> d.code().startsWith("C75")), c.toString());
        }
        assertTrue(report.objections().stream().anyMatch(line -> line.contains("C75")), report.objections()::toString);
    }

    @Test void aNewerVersionIsRefusedByEveryCompiler() {
        GateReport report = CompileGate.check("new.ptx", GOOD.replace(".version 8.0", "// first\n.version 8.1"), "sm_80");
        for (Compilation c : report.compilations()) {
            assertEquals(2, c.errors().getFirst().line());
            assertTrue(c.errors().getFirst().message().contains("8.1; wanted at most 8.0"), c.toString());
        }
        assertTrue(CompileGate.check("none.ptx", GOOD.replace(".version 8.0", ""), "sm_80").objections().getFirst().contains("no .version line"));
    }

    @Test void aTargetIsReadFromTheFileOrGiven(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("good.ptx"), GOOD);
        GateReport report = CompileGate.check(file);
        assertEquals("sm_80", report.target());
        for (Compilation c : report.compilations()) assertEquals(List.of(), c.diagnostics(), "a clean kernel draws no message");
        assertEquals(List.of(), CompileGate.check(file, "sm_90a").objections());
        assertThrows(IllegalArgumentException.class, () -> CompileGate.check(file, "hopper"));
        assertThrows(IllegalArgumentException.class, () -> CompileGate.target("x.ptx", ".version 8.0\n"));
    }

    /// The library is unpacked to a folder of its own that is gone once it is loaded: nothing for another process to trip over.
    @Test void nothingStaysInTheTemporaryFolder() throws Exception {
        NvPtxCompiler compiler = loadOrSkip();
        assertTrue(compiler.describe().startsWith("nvPTXCompiler 12."), compiler.describe());
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            assertEquals(List.of(), files.filter(f -> f.getFileName().toString().startsWith("lucid-nvptx")
                    && f.toFile().lastModified() < System.currentTimeMillis() - 60_000).toList());
        }
    }

    @Test void aPtxasOnThePathAgrees() {
        Optional<PtxAs> ptxas = PtxAs.onPath();
        Assumptions.assumeTrue(ptxas.isPresent(), "no ptxas on the PATH");
        Compilation good = ptxas.get().compile("good.ptx", GOOD, "sm_80");
        assertTrue(good.ok() && good.entries().getFirst().sharedBytes() == 256, good.toString());
        assertEquals(9, ptxas.get().compile("bad.ptx", GOOD.replace("[n];", "[m];"), "sm_80").errors().getFirst().line());
    }

    /// Two entry points, notes with and without a place, as ptxas 12.9 prints them; the indented line as nvPTXCompiler 12.0 does.
    @Test void theLogIsReadWhole() {
        Compilation c = CompilerLog.read("ptxas", "two.ptx", "sm_90a", """
                ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to x in the function 'two'
                ptxas two.ptx, line 7; warning : Register 'r' not used
                ptxas info    : 0 bytes gmem, 16 bytes cmem[4]
                ptxas info    : Compiling entry function 'one' for 'sm_90a'
                ptxas info    : Function properties for one
                    8 bytes stack frame, 12 bytes spill stores, 20 bytes spill loads
                ptxas info    : Used 40 registers, used 2 barriers, 8 bytes cumulative stack size, 1024 bytes smem, 560 bytes cmem[0], 8 bytes cmem[2]
                ptxas info    : Compile time = 28.833 ms
                ptxas info    : Compiling entry function 'two' for 'sm_90a'
                ptxas info    : Function properties for two
                ptxas         .     0 bytes stack frame, 0 bytes spill stores, 4 bytes spill loads
                ptxas info    : Used 8 registers, used 0 barriers, 528 bytes cmem[0]
                """);
        assertEquals(List.of(new EntryUsage("one", 40, 2, 8, 12, 20, 1024, 568), new EntryUsage("two", 8, 0, 0, 0, 4, 0, 528)), c.entries());
        assertEquals(List.of("C7510"), c.performanceNotes().stream().map(Diagnostic::code).toList());
        assertEquals(List.of("two.ptx: info C7510", "two.ptx:7: warning"),
                c.diagnostics().stream().map(d -> d.toString().replaceFirst(": [PR].*", "")).toList());
    }

    private static NvPtxCompiler loadOrSkip() {
        boolean linux = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux") && List.of("amd64", "x86_64")
                .contains(System.getProperty("os.arch"));
        Assumptions.assumeTrue(linux, "the natives are for linux x86_64");
        return NvPtxCompiler.load();
    }
}
