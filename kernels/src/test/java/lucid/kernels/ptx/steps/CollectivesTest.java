package lucid.kernels.ptx.steps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.Snippet;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import org.junit.jupiter.api.Test;

/// What the lane exchanges and the matrix instructions find wrong; what they compute is in the tables of forms.
class CollectivesTest {
    private static RunReport run(String body) {
        return new Snippet(body).launch().run();
    }

    @Test
    void aShuffleFromALaneOutsideTheMaskIsFound() {
        Finding finding = Snippet.only(run("""
                setp.lt.u32 p, lane, 16;
                mov.u32 r, 0;
                @p shfl.sync.bfly.b32 r, lane, 16, 31, 0x0000ffff;
                exit;
                """), Kind.DIVERGENT_COLLECTIVE);
        assertTrue(finding.message().contains("reads lane 16"), finding.message());
        assertEquals(16, finding.count());
    }

    @Test
    void aMaskThatNamesLanesThatNeverComeIsFound() {
        Finding finding = run("""
                setp.lt.u32 p, lane, 16;
                @!p bra other;
                shfl.sync.idx.b32 r, lane, 0, 31, -1;
                bra done;
                other:
                bar.sync 0;
                exit;
                done:
                exit;
                """).findings().getFirst();
        assertEquals(Kind.DIVERGENT_COLLECTIVE, finding.kind());
        assertTrue(finding.message().contains("0xffff0000"), finding.message());
    }

    @Test
    void aLaneOutsideItsOwnMaskIsFound() {
        Finding finding = Snippet.only(run("vote.sync.ballot.b32 r, 1, 0x7fffffff; exit;"), Kind.DIVERGENT_COLLECTIVE);
        assertTrue(finding.message().contains("0x80000000"), finding.message());
    }

    @Test
    void lanesThatComeByDifferentWaysMeet() {
        var snippet = new Snippet("""
                setp.lt.u32 p, lane, 16;
                mov.u32 a, lane;
                @p bra low;
                add.u32 a, a, 100;
                low:
                shfl.sync.bfly.b32 r, a, 16, 31, -1;
                exit;
                """);
        assertEquals(List.of(), snippet.launch().run().findings());
        assertEquals(100 + 16, snippet.value(0));
        assertEquals(15, snippet.value(31));
    }

    @Test
    void lanesThatHaveExitedAreNotWaitedFor() {
        var snippet = new Snippet("""
                setp.ge.u32 p, lane, 8;
                mov.u32 r, 0;
                @p exit;
                redux.sync.add.u32 r, lane, -1;
                exit;
                """);
        assertEquals(List.of(), snippet.launch().run().findings());
        assertEquals(28, snippet.value(0));
    }

    @Test
    void mmaInDivergentCodeIsFound() {
        String mma = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {f, f, f, g}, {m, m, m, m}, {m, m}, {f, f, f, f};";
        RunReport report = run("mov.b32 m, 0; mov.f32 f, 0f00000000; mov.u32 r, 0; setp.lt.u32 p, lane, 16;\n@p " + mma + "\nexit;");
        assertTrue(report.findings().stream().anyMatch(f -> f.kind() == Kind.DIVERGENT_COLLECTIVE), report.findings()::toString);
    }

    @Test
    void ldmatrixRowsMustBeAlignedAndInside() {
        Finding misaligned = Snippet.only(run(".shared .align 16 .b8 tile[512]; mov.u32 a, tile; mad.lo.u32 a, lane, 16, a; st.shared.v4.u32 [a], "
                + "{lane, lane, lane, lane};"
                + " bar.warp.sync -1; mov.u32 a, tile; mad.lo.u32 a, lane, 8, a; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {r}, [a]; exit;"),
                        Kind.MISALIGNED);
        assertEquals(1, misaligned.at().lane());
        Finding outside = Snippet.only(run(".shared .align 16 .b8 tile[64]; mov.u32 a, tile; setp.lt.u32 p, lane, 4; mad.lo.u32 b, lane, 16, a;"
                + " @p st.shared.v4.u32 [b], {lane, lane, lane, lane}; bar.warp.sync -1; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {r}, [b]; exit;"),
                        Kind.OUT_OF_BOUNDS);
        assertEquals(4, outside.count());
    }

    @Test
    void divisionByZeroIsFoundPerLane() {
        Finding finding = Snippet.only(run("rem.u32 r, t, lane; exit;"), Kind.DIVISION_BY_ZERO);
        assertEquals(0, finding.at().lane());
        assertEquals(1, finding.count());
        assertEquals(2, Snippet.only(run("shr.u32 a, lane, 1; cvt.u64.u32 x, a; div.s64 y, x, x; cvt.u32.u64 r, y; exit;"), Kind.DIVISION_BY_ZERO)
                .count());
    }

    @Test
    void missingRoundingsAreNoted() {
        RunReport report = run("mov.f32 f, 0f3f800000; mul.f32 g, f, f; add.rn.f32 g, g, f; sub.ftz.f32 g, g, f; mov.u32 r, 0; exit;");
        assertEquals(List.of(), report.findings());
        assertEquals(2, report.notes().size());
        assertTrue(report.notes().getFirst().message().contains("mul.rn"), report.notes()::toString);
    }
}
