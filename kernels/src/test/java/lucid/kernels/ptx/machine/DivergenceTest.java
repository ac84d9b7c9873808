package lucid.kernels.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.Snippet;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.launch.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DivergenceTest {

    @Test
    void nestedBranchesGiveEveryLaneItsOwnPath() {
        var snippet = new Snippet("""
                and.b32 a, lane, 1; and.b32 b, lane, 2; mov.u32 r, 0;
                setp.eq.u32 p, a, 0; setp.eq.u32 q, b, 0;
                @p bra EVEN;
                @q bra ODD_LOW;
                add.u32 r, r, 1000; bra JOIN;
                ODD_LOW: add.u32 r, r, 100; bra JOIN;
                EVEN: @q bra EVEN_LOW;
                add.u32 r, r, 10; bra JOIN;
                EVEN_LOW: add.u32 r, r, 1;
                JOIN: mul.lo.u32 r, r, 2;
                exit;""");
        RunReport report = snippet.launch().run();
        assertTrue(report.clean());
        int[] wanted = {2, 200, 20, 2000};
        for (int lane = 0; lane < 32; lane++) {
            assertEquals(wanted[lane & 3], snippet.value(lane), "lane " + lane);
        }
    }

    @Test
    void branchesThatJoinRunTheRestTogether() {
        var snippet = new Snippet("""
                setp.lt.u32 p, lane, 5; mov.u32 r, 3;
                @p bra LATER;
                BACK: add.u32 r, r, 1;
                exit;
                LATER: mov.u32 r, 7; bra BACK;""");
        RunReport report = snippet.launch().run();
        assertEquals(8, snippet.value(4));
        assertEquals(4, snippet.value(5));
        long exits = report.entry().instructions().stream().filter(i -> i.opcode().equals("exit"))
                .mapToLong(i -> report.counters().executions[i.index()]).sum();
        assertEquals(2, exits, "a block behind the join comes too late to join, lowest program counter first");
    }

    @Test
    void loopsWithDifferentTripCounts() {
        var snippet = new Snippet("""
                rem.u32 n, lane, 7; mov.u32 r, 0; mov.u32 i, 0;
                LOOP: add.u32 r, r, lane; add.u32 i, i, 1;
                setp.le.u32 p, i, n; @p bra LOOP;
                add.u32 r, r, 5;
                exit;""");
        RunReport report = snippet.launch().run();
        assertTrue(report.clean());
        for (int lane = 0; lane < 32; lane++) {
            assertEquals(lane * (lane % 7 + 1) + 5, snippet.value(lane));
        }
        assertEquals(1, report.counters().executions[report.entry().instructions().getLast().index()], "all lanes leave together");
        assertEquals(7, report.counters().executions[6], "as many rounds as the longest lane needs");
    }

    @Test
    void indexedBranch() {
        var snippet = new Snippet("""
                rem.u32 a, lane, 3;
                T: .branchtargets A, B, C;
                brx.idx a, T;
                A: mov.u32 r, 11; bra E;
                B: mov.u32 r, 22; bra E;
                C: mov.u32 r, 33;
                E: exit;""");
        assertTrue(snippet.launch().run().clean());
        for (int lane = 0; lane < 32; lane++) {
            assertEquals(11 * (lane % 3 + 1), snippet.value(lane));
        }
    }

    @Test
    void lanesExitAlone() {
        var snippet = new Snippet("""
                mov.u32 r, 1; setp.lt.u32 p, lane, 9;
                @p exit;
                mov.u32 r, 2;
                bar.sync 0;
                exit;""");
        assertTrue(snippet.launch().run().clean());
        assertEquals(1, snippet.value(8));
        assertEquals(2, snippet.value(9));
    }

    @Test
    void partOfAWarpExists() {
        var snippet = new Snippet("mov.u32 r, t; bar.sync 0; exit;");
        assertTrue(snippet.launch().block(37, 1, 1).run().clean());
        assertEquals(37, snippet.values().size());
    }

    @ParameterizedTest
    @EnumSource(Schedule.class)
    void aSpinningGroupDoesNotStarveTheOther(Schedule schedule) {
        var snippet = new Snippet(".shared .u32 flag;", """
                setp.ne.u32 p, t, 0;
                @p bra SPIN;
                bra PRODUCE;
                SPIN: ld.volatile.shared.u32 r, [flag];
                setp.ne.u32 q, r, 42; @q bra SPIN;
                bra END;
                PRODUCE: mov.u32 r, 42; st.volatile.shared.u32 [flag], r;
                END: exit;""");
        RunReport report = snippet.launch().block(64, 1, 1).schedule(schedule, 3).budget(1_000_000).run();
        assertTrue(report.findings().stream().allMatch(f -> f.kind() == Kind.UNINITIALISED_MEMORY), report.findings().toString());
        assertEquals(42, snippet.value(63));
    }

    @Test
    void collectiveWaitsForItsMembers() {
        var snippet = new Snippet("""
                setp.lt.u32 p, lane, 16; mov.u32 r, 1;
                @p bra JOIN;
                mov.u32 r, 2;
                JOIN: bar.warp.sync 0xffffffff;
                exit;""");
        RunReport report = snippet.launch().run();
        assertTrue(report.clean());
        assertEquals(1, report.counters().executions[report.entry().instructions().getLast().index()]);
    }

    @Test
    void collectiveWithoutAllItsMembers() {
        var snippet = new Snippet("""
                mov.u32 r, 1; setp.lt.u32 p, lane, 16;
                @!p bra OTHER;
                bar.warp.sync 0xffffffff;
                exit;
                OTHER: bar.sync 0;
                exit;""");
        List<Kind> kinds = new ArrayList<>(snippet.launch().run().findings().stream().map(f -> f.kind()).distinct().toList());
        assertTrue(kinds.contains(Kind.DIVERGENT_COLLECTIVE), kinds.toString());
        assertEquals(32, snippet.values().size(), "the run goes on");
    }

    @Test
    void uniformBranchThatDiverges() {
        var snippet = new Snippet("mov.u32 r, 1; setp.lt.u32 p, lane, 16; @p bra.uni END; mov.u32 r, 2; END: exit;");
        assertTrue(Snippet.only(snippet.launch().run(), Kind.ILLEGAL_OPERAND).message().contains("bra.uni"));
    }
}
