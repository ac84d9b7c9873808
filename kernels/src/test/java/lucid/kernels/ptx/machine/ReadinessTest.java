package lucid.kernels.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.ptx.Snippet;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadinessTest {

    @ParameterizedTest
    @ValueSource(strings = {
        "add.u32 r, a, 1; exit;",
        "mov.u32 r, 1; cvt.rn.f32.u32 f, r; fma.rn.f32 g, f, g, f; exit;",
        "mov.u32 r, 1; mov.u32 b, a; mov.u32 c, b; add.u32 r, c, 1; exit;",
        "mov.u32 r, 1; setp.eq.u32 p, lane, 3; @!p mov.u32 a, 5; add.u32 r, a, 1; exit;",
        "mov.u32 r, 1; setp.eq.u32 p, lane, 3; selp.u32 b, a, r, p; add.u32 r, b, 1; exit;",
        "mov.u32 r, 1; @q add.u32 r, r, 1; exit;",
        "mov.u32 r, 1; setp.eq.u32 p, lane, 3; @p bra END; mov.u32 a, 1; END: add.u32 r, a, 1; exit;",
        "mov.u32 r, 1; setp.eq.u32 p, lane, 3; @p bra END; setp.eq.u32 q, lane, 3; END: selp.u32 r, 1, 2, q; exit;"})
    void found(String body) {
        Finding finding = Snippet.only(new Snippet(body).launch().run(), Kind.UNINITIALISED_REGISTER);
        assertTrue(finding.message().matches("register [agbcq] is read by (1|32) lane\\(s\\).*"), finding.message());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "mov.u32 r, 1; setp.eq.u32 p, lane, 3; @p mov.u32 a, 5; @p add.u32 r, a, 1; exit;",
        "mov.u32 r, 1; setp.eq.u32 p, lane, 3; @p mov.u32 a, 5; mov.u32 b, a; selp.u32 r, b, r, p; exit;",
        "mov.u32 r, 1; setp.eq.u32 p, lane, 3; @p bra A; mov.u32 a, 5; bra B; A: mov.u32 a, 6; B: add.u32 r, a, 1; exit;",
        "mov.u32 r, 0; mov.u32 i, 0; L: setp.eq.u32 p, i, 0; @p mov.u32 a, 5; add.u32 r, r, a; add.u32 i, i, 1; setp.lt.u32 p, i, 3; @p bra L; exit;",
        "mov.u32 r, 0; mov.u32 b, a; exit;"})
    void notFound(String body) {
        var report = new Snippet(body).launch().run();
        assertTrue(report.clean(), report.findings().toString());
    }

    @Test
    void laneIsNamed() {
        Finding finding = Snippet.only(new Snippet("mov.u32 r, 1; setp.eq.u32 p, lane, 3;\n@!p mov.u32 a, 5;\nadd.u32 r, a, 1; exit;").launch().run(),
                Kind.UNINITIALISED_REGISTER);
        assertEquals(3, finding.at().lane());
        assertEquals(10, finding.at().instruction().line());
    }
}
