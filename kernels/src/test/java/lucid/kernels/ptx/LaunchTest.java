package lucid.kernels.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.tensor.form.Accumulation;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import lucid.kernels.ptx.text.syntax.Space;
import org.junit.jupiter.api.Test;

class LaunchTest {
    private static final String SCALE = """
            .version 8.0
            .target sm_80
            .address_size 64
            .global .u32 launches = 5;
            .const .f32 two = 0f40000000;
            .visible .entry scale(.param .u64 out, .param .f32 factor, .param .u32 n)
            .maxntid 128, 1, 1
            {
                .reg .u64 p, off;
                .reg .u32 i, m, b;
                .reg .f32 x, f;
                .reg .pred q;
                ld.param.u64 p, [out];
                ld.param.f32 f, [factor];
                ld.param.u32 m, [n];
                mov.u32 b, %ctaid.x;
                mov.u32 i, %tid.x;
                mad.lo.u32 i, b, 128, i;
                setp.ge.u32 q, i, m;
                @q bra END;
                mul.wide.u32 off, i, 4;
                add.u64 p, p, off;
                ld.const.f32 x, [two];
                fma.rn.f32 x, x, f, f;
                st.global.f32 [p], x;
                setp.ne.u32 q, i, 0;
                @!q ld.global.u32 b, [launches];
                @q bra END;
                add.u32 b, b, 1;
                st.global.u32 [launches], b;
            END:
                ret;
            }
            """;
    private static final PtxModule MODULE = PtxModule.parse("scale.ptx", SCALE);

    private static Launch launch() {
        return Launch.of(MODULE, "scale").grid(3, 1, 1).block(128, 1, 1).argument("factor", 1.5f).argument("n", 300).argument("out", 0L);
    }

    @Test
    void runsAndCounts() {
        var memory = new GlobalMemory(7);
        long out = memory.allocate("out", 1200);
        RunReport report = launch().memory(memory).argument("out", out).run();
        assertTrue(report.clean(), report.findings().toString());
        ByteBuffer result = ByteBuffer.wrap(memory.read(out, 1200)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 300; i++) {
            assertEquals(4.5f, result.getFloat(4 * i));
        }
        assertEquals(0, memory.uninitialised(out, 1200));
        Profile profile = report.profile();
        assertEquals(600, profile.totalFlops());
        assertEquals(1200 + 4 + 4, profile.bytes().get(Space.GLOBAL));
        assertEquals(report.counters().total(), profile.total());
        Estimate estimate = profile.on(Card.H200);
        assertEquals(Estimate.Resource.MEMORY, estimate.bound());
        assertTrue(estimate.toString().startsWith("estimate for H200 SXM"), estimate.toString());
    }

    @Test
    void globalVariablesKeepTheirContent() {
        var memory = new GlobalMemory(7);
        long out = memory.allocate("out", 1200);
        for (int run = 0; run < 3; run++) {
            assertTrue(launch().memory(memory).argument("out", out).run().clean());
        }
        long address = memory.allocations().stream().filter(a -> a.name().equals("scale.ptx:launches")).findFirst().orElseThrow().address();
        assertArrayEquals(new byte[] {8, 0, 0, 0}, memory.read(address, 4));
    }

    @Test
    void pastTheEndIsAFinding() {
        var memory = new GlobalMemory(7);
        long out = memory.allocate("out", 1196);
        RunReport report = launch().memory(memory).argument("out", out).run();
        assertTrue(report.findings().getFirst().toString()
                .startsWith("out of bounds at scale.ptx:25: st.global.f32 [p], x; block 2, warp 1, lane 11"), report.findings().toString());
    }

    @Test
    void whatADriverWouldRefuse() {
        refused("grid 0,1,1; every extent is at least 1", l -> l.grid(0, 1, 1));
        refused("block 256,1,1 has 256 threads, but scale allows 128,1,1 (.maxntid)", l -> l.block(256, 1, 1));
        refused("block 64,32,1 has 2048 threads; at most 1024", l -> l.block(64, 32, 1));
        refused("cluster 2,1,1 needs .target sm_90", l -> l.cluster(2, 1, 1));
        refused("1024 bytes of dynamic shared memory, but scale declares no extern .shared array", l -> l.shared(1024));
        refused("200000 bytes of dynamic and 0 of static shared memory; a block on sm_80 has 166912", l -> l.shared(200_000));
        refused("has no parameter 'm'; it has [out, factor, n]", l -> l.argument("m", 1));
        refused("argument 'factor' (.f32) of scale: found an integer, wanted a floating-point value", l -> l.argument("factor", 1));
        refused("argument 'n' (.u32) of scale: found 4294967296, which needs more than 32 bits", l -> l.argument("n", 1L << 32));
        refused("argument 'n' (.u32) of scale: found a double", l -> l.argument("n", 1.0));
        refused("argument 'out' (.u64) of scale: found 4 bytes, wanted 8", l -> l.argument("out", new byte[4]));
        refused("budget 0; at least 1", l -> l.budget(0));
        var missing = Launch.of(MODULE, null).argument("n", 3);
        assertEquals("launch of scale: no argument for out (.u64, 8 bytes), factor (.f32, 4 bytes)",
                assertThrows(IllegalArgumentException.class, missing::run).getMessage());
        assertThrows(IllegalArgumentException.class, () -> Launch.of(MODULE, "scales"));
    }

    @Test
    void aClusterThatIsAskedForHasToBeNamed() {
        String text = ".version 8.0\n.target sm_90\n.address_size 64\n.visible .entry a() .explicitcluster %s { ret; }\n";
        Launch launch = Launch.of(PtxModule.parse("a.ptx", text.formatted("")), null).grid(2, 1, 1);
        assertEquals("launch: a has to be launched with a cluster (.explicitcluster); found none",
                assertThrows(IllegalArgumentException.class, launch::run).getMessage());
        launch.cluster(2, 1, 1).run();
        Launch.of(PtxModule.parse("a.ptx", text.formatted(".reqnctapercluster 2")), null).grid(2, 1, 1).run();
    }

    @Test
    void unknownInstructionIsRefusedBeforeAnythingRuns() {
        var module = PtxModule.parse("a.ptx", ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry a() { .reg .u32 r;\nret;\nmov.u32 r, "
                + "1;\nvadd.u32.u32.u32 r, r, r; }\n");
        var thrown = assertThrows(PtxSyntaxException.class, () -> Launch.of(module, null).run());
        assertEquals(7, thrown.line());
        assertTrue(thrown.getMessage().startsWith("a.ptx:7: unknown instruction 'vadd'"), thrown.getMessage());
    }

    private static void refused(String message, Consumer<Launch> change) {
        String found = assertThrows(IllegalArgumentException.class, () -> {
            Launch launch = launch();
            change.accept(launch);
            launch.run();
        }).getMessage();
        assertTrue(found.contains(message), found);
    }

    /// `1·1 + 15 · 2^-13·2^-13` in one `mma`: exact sums round 15/8 of a last place to two, a card that cuts off two bits below it loses every small
    /// product.
    @Test
    void theSumOfTensorCoresCanBeChosen() {
        String body = """
                mov.u32 a, 0x39003900; and.b32 b, lane, 3; setp.eq.u32 p, b, 0; selp.b32 b, 0x39003f80, a, p; mov.f32 f, 0f00000000;
                mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {f, g, g2, g3}, {b, b, a, a}, {b, a}, {f, f, f, f};
                mov.b32 r, f; exit;""".replace("mov.u32 a,", ".reg .f32 g2, g3; mov.u32 a,");
        assertEquals(1 + 0x1p-22f, sum(body, Accumulation.EXACT));
        assertEquals(1f, sum(body, Accumulation.HOPPER));
        assertEquals(1f, sum(body, Accumulation.AMPERE));
    }

    private static float sum(String body, Accumulation accumulation) {
        Snippet snippet = new Snippet(body);
        assertTrue(snippet.launch().accumulation(accumulation).run().clean());
        return Float.intBitsToFloat(snippet.value(0));
    }
}
