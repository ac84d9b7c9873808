package lucid.kernels.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.Snippet;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.launch.Schedule;
import org.junit.jupiter.api.Test;

class SchedulerTest {
    private static final String WORK = """
            mov.u32 r, %ctaid.x; mov.u32 i, 0; rem.u32 n, t, 11; add.u32 n, n, 3;
            LOOP: mad.lo.u32 r, r, 17, t; bar.warp.sync 0xffffffff; bar.sync 0; add.u32 i, i, 1; setp.lt.u32 p, i, 9; @p bra LOOP;
            LAST: mad.lo.u32 r, r, 3, i; add.u32 i, i, 1; setp.lt.u32 p, i, n; @p bra LAST;
            exit;""";

    @Test
    void anEndlessLoopIsStopped() {
        Finding finding = Snippet.only(new Snippet("mov.u32 r, 1;\nL: add.u32 r, r, 1;\nbra L;").launch().budget(100_000).run(),
                Kind.BUDGET_EXHAUSTED);
        assertTrue(finding.message().contains("100000 warp-instructions") && finding.message().contains("warp 0: all lanes at line"),
                finding.message());
    }

    @Test
    void sleepingForEverIsStopped() {
        Snippet.only(new Snippet("mov.u32 r, 1; L: nanosleep.u32 100; bra L;").launch().block(128, 1, 1).budget(100_000).run(),
                Kind.BUDGET_EXHAUSTED);
    }

    @Test
    void schedulesAgree() {
        var wanted = new Snippet(WORK);
        RunReport first = wanted.launch().grid(5, 1, 1).block(160, 1, 1).run();
        assertTrue(first.clean(), first.findings().toString());
        for (Schedule schedule : Schedule.values()) {
            for (int seed = 0; seed < 3; seed++) {
                var snippet = new Snippet(WORK);
                RunReport report = snippet.launch().grid(5, 1, 1).block(160, 1, 1).schedule(schedule, seed).run();
                assertTrue(report.clean());
                assertEquals(wanted.values(), snippet.values(), schedule + " " + seed);
                assertArrayEquals(first.counters().executions, report.counters().executions);
                assertArrayEquals(first.counters().lanes, report.counters().lanes);
            }
        }
    }

    @Test
    void threadsAgree() {
        var one = new Snippet(WORK);
        RunReport first = one.launch().grid(40, 1, 1).block(96, 1, 1).threads(1).run();
        var two = new Snippet(WORK);
        RunReport second = two.launch().grid(40, 1, 1).block(96, 1, 1).threads(2).run();
        assertEquals(one.values(), two.values());
        assertArrayEquals(first.counters().executions, second.counters().executions);
        assertArrayEquals(first.counters().lanes, second.counters().lanes);
    }

    @Test
    void findingsDoNotDependOnThreads() {
        String body = "mov.u32 c, %ctaid.x; setp.gt.u32 p, c, 3; mov.u32 r, 1; @p bra A; bra B; A: add.u32 r, a, 1; B: setp.gt.u32 p, c, 5; @p "
                + "add.u32 r, b, 1; exit;";
        var wanted = new Snippet(body).launch().grid(30, 1, 1).block(64, 1, 1).threads(1).run().findings();
        assertEquals(2, wanted.size());
        for (int i = 0; i < 10; i++) {
            assertEquals(wanted, new Snippet(body).launch().grid(30, 1, 1).block(64, 1, 1).threads(3).run().findings());
        }
    }

    @Test
    void countersAreTheProgramsOwn() {
        RunReport report = new Snippet("mov.u32 r, 1; setp.lt.u32 p, lane, 4; @p add.u32 r, r, 1; exit;").launch().block(64, 1, 1)
                .grid(3, 1, 1).run();
        assertTrue(IntStream.range(0, 7).allMatch(i -> report.counters().executions[i] == 6));
        assertEquals(3 * 2 * 4, report.counters().lanes[5]);
        assertEquals(3 * 64, report.counters().lanes[6]);
        assertEquals(42, report.counters().total());
    }

    @Test
    void trapEndsTheBlock() {
        RunReport report = new Snippet("mov.u32 r, 1; setp.eq.u32 p, t, 70; @p trap; bar.sync 0; exit;").launch().block(128, 1, 1).run();
        Finding finding = Snippet.only(report, Kind.TRAP);
        assertEquals(2, finding.at().warp());
        assertEquals(6, finding.at().lane());
    }
}
