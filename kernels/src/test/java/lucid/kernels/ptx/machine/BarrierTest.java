package lucid.kernels.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.Snippet;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.launch.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BarrierTest {

    @ParameterizedTest
    @EnumSource(Schedule.class)
    void namedBarriersOfProducersAndConsumers(Schedule schedule) {
        var snippet = new Snippet("""
                mov.u32 i, 0; mov.u32 r, 0; setp.eq.u32 p, w, 0;
                @!p bra CONSUMER;
                PRODUCER: bar.sync 2, 64; bar.arrive 1, 64; add.u32 i, i, 1; setp.lt.u32 q, i, 20; @q bra PRODUCER;
                bra END;
                CONSUMER: bar.arrive 2, 64; bar.sync 1, 64; add.u32 r, r, 1; add.u32 i, i, 1; setp.lt.u32 q, i, 20; @q bra CONSUMER;
                END: exit;""");
        RunReport report = snippet.launch().block(64, 1, 1).schedule(schedule, 5).run();
        assertTrue(report.clean(), report.findings().toString());
        assertEquals(20, snippet.value(32));
    }

    @Test
    void reductions() {
        var snippet = new Snippet("""
                setp.lt.u32 p, t, 40;
                bar.red.popc.u32 r, 0, p;
                bar.red.and.pred q, 1, p; selp.u32 a, 1000, 2000, q; add.u32 r, r, a;
                bar.red.or.pred q, 1, p; selp.u32 a, 10000, 20000, q; add.u32 r, r, a;
                bar.red.and.pred q, 1, 96, !p; selp.u32 a, 100000, 200000, q; add.u32 r, r, a;
                exit;""");
        RunReport report = snippet.launch().block(96, 1, 1).run();
        assertTrue(report.clean(), report.findings().toString());
        snippet.values().values().forEach(v -> assertEquals(40 + 2000 + 10000 + 200000, v));
    }

    @Test
    void exitedWarpsDropOut() {
        var snippet = new Snippet("mov.u32 r, 1; setp.eq.u32 p, w, 1; @p bra END; bar.sync 0; bar.sync 0; END: exit;");
        assertTrue(snippet.launch().block(128, 1, 1).run().clean());
    }

    @ParameterizedTest
    @ValueSource(strings = {"setp.lt.u32 p, lane, 16; @p bar.sync 0; bar.sync 1; exit;",
            "setp.lt.u32 p, lane, 16; @!p bra END; bar.sync 0; END: exit;",
        "setp.lt.u32 p, lane, 16; @!p bra ELSE; bar.sync 0; bra END; ELSE: bar.sync 0; END: exit;"})
    void divergentBarrier(String body) {
        var snippet = new Snippet("mov.u32 r, 1; " + body);
        RunReport report = snippet.launch().run();
        assertTrue(report.findings().stream().anyMatch(f -> f.kind() == Kind.DIVERGENT_BARRIER), report.findings().toString());
    }

    @Test
    void unalignedBarrierTakesLanesAsTheyCome() {
        var snippet = new Snippet("""
                mov.u32 r, 1; setp.lt.u32 p, lane, 16; @!p bra ELSE;
                barrier.sync 0; bra END;
                ELSE: barrier.sync 0;
                END: exit;""");
        RunReport report = snippet.launch().block(64, 1, 1).run();
        assertTrue(report.clean(), report.findings().toString());
    }

    @Test
    void differentCounts() {
        var snippet = new Snippet("mov.u32 r, 1; setp.eq.u32 p, w, 0; @p bar.sync 3, 64; @!p bar.sync 3, 96; exit;");
        RunReport report = snippet.launch().block(96, 1, 1).run();
        Finding finding = report.findings().getFirst();
        assertEquals(Kind.BARRIER_MISUSE, finding.kind());
        assertTrue(finding.message().contains("barrier 3 is in use for 64 threads") && finding.message().contains("96 threads"), finding.message());
    }

    @Test
    void countThatIsNoMultipleOfAWarp() {
        var snippet = new Snippet("mov.u32 r, 1; bar.sync 3, 33; exit;");
        assertEquals(Kind.ILLEGAL_OPERAND, snippet.launch().run().findings().getFirst().kind());
    }

    @Test
    void deadlockNamesWhoWaitsForWhat() {
        var snippet = new Snippet("mov.u32 r, 1; setp.eq.u32 p, w, 2; @p bra OTHER; bar.sync 4; exit;\nOTHER: bar.sync 5; exit;");
        Finding finding = Snippet.only(snippet.launch().block(96, 1, 1).run(), Kind.DEADLOCK);
        String text = finding.message();
        assertTrue(text.contains("block 0 warp 2: all lanes at line 9 'bar.sync 5'; last waited for barrier 5"), text);
        assertTrue(text.contains("barrier 4 (all threads, first arrival at line 8): arrived warp 0 warp 1; not arrived: warps 2"), text);
    }

    @Test
    void clusterBarrierGoesOverTheBlocks() {
        var snippet = new Snippet("""
                mov.u32 r, %cluster_ctarank;
                barrier.cluster.arrive.release.aligned; add.u32 r, r, 10; barrier.cluster.wait.acquire.aligned;
                barrier.cluster.arrive.relaxed.aligned; barrier.cluster.wait.aligned;
                exit;""");
        RunReport report = snippet.launch().grid(4, 2, 1).cluster(2, 2, 1).block(64, 1, 1).run();
        assertTrue(report.clean(), report.findings().toString());
        for (int block = 0; block < 8; block++) {
            assertEquals(10 + block % 2 + 2 * (block / 4), snippet.value(block * 1024 + 63), "block " + block);
        }
    }

    @Test
    void clusterBarrierMisused() {
        var twice = new Snippet("mov.u32 r, 1; barrier.cluster.arrive; barrier.cluster.arrive; barrier.cluster.wait; exit;");
        assertEquals(Kind.BARRIER_MISUSE, twice.launch().run().findings().getFirst().kind());
        var never = new Snippet("mov.u32 r, 1; barrier.cluster.wait; exit;");
        assertEquals(Kind.BARRIER_MISUSE, Snippet.only(never.launch().run(), Kind.BARRIER_MISUSE).kind());
        var missing = new Snippet("mov.u32 r, %cluster_ctarank; setp.eq.u32 p, r, 0; @p bra END; barrier.cluster.arrive; barrier.cluster.wait; END: "
                + "@p bar.sync 1, 64; exit;");
        Finding finding = Snippet.only(missing.launch().grid(2, 1, 1).cluster(2, 1, 1).run(), Kind.DEADLOCK);
        assertTrue(finding.message().contains("cluster barrier: arrived block 1 warp 0; not arrived: block 0 warp 0"), finding.message());
    }

    @Test
    void setmaxnregAsksForMoreThanThereIs() {
        var snippet = new Snippet("mov.u32 r, 1; setmaxnreg.inc.sync.aligned.u32 240; exit;");
        RunReport report = snippet.launch().block(384, 1, 1).run();
        assertTrue(report.findings().stream().anyMatch(f -> f.message().contains("720 registers per 128 threads together, 92160 in all")),
                report.findings().toString());
        assertTrue(report.findings().stream().anyMatch(f -> f.message().contains(".minnctapersm")), report.findings().toString());
    }
}
