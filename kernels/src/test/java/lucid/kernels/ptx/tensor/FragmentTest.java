package lucid.kernels.ptx.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.Stream;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.Fragment;
import lucid.kernels.ptx.tensor.form.MmaForm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every element of every thread against the index formulas of the PTX ISA, as its sections print them (with cases per element number).
class FragmentTest {
    /// groupID, threadID_in_group, element number -> row or column.
    interface Rule {
        int at(int group, int thread, int i);
    }

    record Expected(MmaForm form, Rule aRow, Rule aColumn, Rule bRow) {}

    static MmaForm form(int m, int k, Element d, Element a) { return new MmaForm(m, 8, k, d, a, a); }

    static Stream<Expected> forms() {
        Rule group = (g, t, i) -> g;
        return Stream.of(
                new Expected(form(16, 16, Element.F32, Element.F16), (g, t, i) -> i < 2 || i >= 4 && i < 6 ? g : g + 8,
                        (g, t, i) -> i < 4 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8, (g, t, i) -> i < 2 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8),
                new Expected(form(16, 16, Element.F32, Element.BF16), (g, t, i) -> i < 2 || i >= 4 && i < 6 ? g : g + 8,
                        (g, t, i) -> i < 4 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8, (g, t, i) -> i < 2 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8),
                new Expected(form(16, 8, Element.F16, Element.F16), (g, t, i) -> i < 2 ? g : g + 8, (g, t, i) -> t * 2 + (i & 1),
                        (g, t, i) -> t * 2 + i),
                new Expected(form(16, 8, Element.F32, Element.BF16), (g, t, i) -> i < 2 ? g : g + 8, (g, t, i) -> t * 2 + (i & 1),
                        (g, t, i) -> t * 2 + i),
                new Expected(form(16, 4, Element.F32, Element.TF32), (g, t, i) -> i == 0 ? g : g + 8, (g, t, i) -> t, (g, t, i) -> t),
                new Expected(form(16, 8, Element.F32, Element.TF32), (g, t, i) -> i == 0 || i == 2 ? g : g + 8, (g, t, i) -> i < 2 ? t : t + 4,
                        (g, t, i) -> i == 0 ? t : t + 4),
                new Expected(form(8, 4, Element.F64, Element.F64), group, (g, t, i) -> t, (g, t, i) -> t),
                new Expected(form(16, 4, Element.F64, Element.F64), (g, t, i) -> i == 0 ? g : g + 8, (g, t, i) -> t, (g, t, i) -> t),
                new Expected(form(16, 8, Element.F64, Element.F64), (g, t, i) -> i % 2 == 0 ? g : g + 8, (g, t, i) -> i < 2 ? t : t + 4,
                        (g, t, i) -> t + i * 4),
                new Expected(form(16, 16, Element.F64, Element.F64), (g, t, i) -> i % 2 == 0 ? g : g + 8,
                        (g, t, i) -> i % 2 == 0 ? i * 2 + t : i * 2 - 2 + t, (g, t, i) -> t + i * 4),
                new Expected(form(8, 16, Element.S32, Element.S8), group, (g, t, i) -> t * 4 + i, (g, t, i) -> t * 4 + i),
                new Expected(form(16, 16, Element.S32, Element.U8), (g, t, i) -> i < 4 ? g : g + 8, (g, t, i) -> t * 4 + (i & 3),
                        (g, t, i) -> t * 4 + i),
                new Expected(form(16, 32, Element.S32, Element.S8), (g, t, i) -> i < 4 || i >= 8 && i < 12 ? g : g + 8,
                        (g, t, i) -> i < 8 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16, (g, t, i) -> i < 4 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16),
                new Expected(form(16, 32, Element.F32, Element.E4M3), (g, t, i) -> i < 4 || i >= 8 && i < 12 ? g : g + 8,
                        (g, t, i) -> i < 8 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16, (g, t, i) -> i < 4 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16),
                new Expected(form(8, 32, Element.S32, Element.S4), group, (g, t, i) -> t * 8 + i, (g, t, i) -> t * 8 + i),
                new Expected(form(16, 32, Element.S32, Element.U4), (g, t, i) -> i < 8 ? g : g + 8, (g, t, i) -> t * 8 + (i & 7),
                        (g, t, i) -> t * 8 + (i & 7)),
                new Expected(form(16, 64, Element.S32, Element.S4), (g, t, i) -> i < 8 || i >= 16 && i < 24 ? g : g + 8,
                        (g, t, i) -> i < 16 ? t * 8 + (i & 7) : t * 8 + (i & 7) + 32, (g, t, i) -> i < 8 ? t * 8 + (i & 7) : t * 8 + (i & 7) + 32));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void mmaFragmentsAreThoseOfTheIsa(Expected e) {
        MmaForm f = e.form();
        check(f.left(), e.aRow(), e.aColumn());
        check(f.right(), e.bRow(), (g, t, i) -> g);
        Rule sumRow = f.m() == 8 ? (g, t, i) -> g : (g, t, i) -> i < 2 ? g : g + 8;
        check(f.sum(), sumRow, (g, t, i) -> t * 2 + (i & 1));
        bijective(f.left());
        bijective(f.right());
        bijective(f.sum());
        packed(f.left(), f.a().bits());
        packed(f.right(), f.b().bits());
        packed(f.sum(), f.d().bits());
    }

    private static void check(Fragment f, Rule row, Rule column) {
        for (int lane = 0; lane < 32; lane++) {
            for (int i = 0; i < f.elements(); i++) {
                String at = f.rows() + "x" + f.columns() + " lane " + lane + " element " + i;
                assertEquals(row.at(lane / 4, lane % 4, i), f.row(lane, i), at + " row");
                assertEquals(column.at(lane / 4, lane % 4, i), f.column(lane, i), at + " column");
            }
        }
    }

    /// Elements fill registers from the low end.
    private static void packed(Fragment f, int bits) {
        int width = Math.max(32, bits);
        for (int i = 0; i < f.elements(); i++) assertEquals(i * bits, f.register(i) * width + f.shift(i));
        assertEquals(f.elements() * bits / width, f.registers());
    }

    private static void bijective(Fragment f) {
        boolean[] seen = new boolean[f.rows() * f.columns()];
        for (int thread = 0; thread < f.threads(); thread++) {
            for (int i = 0; i < f.elements(); i++) {
                int at = f.row(thread, i) * f.columns() + f.column(thread, i);
                assertFalse(seen[at], "element (" + f.row(thread, i) + ", " + f.column(thread, i) + ") twice");
                seen[at] = true;
            }
        }
        assertEquals(seen.length, f.threads() * f.elements());
    }

    @Test void wgmmaAccumulatorsAreThoseOfTheIsa() {
        for (int n = 8; n <= 256; n += 8) {
            Fragment f = Fragment.groupAccumulator(n, Element.F32);
            bijective(f);
            packed(f, 32);
            for (int thread = 0; thread < 128; thread++) {
                int g = thread % 32 / 4;
                int t = thread % 4;
                for (int i = 0; i < n / 2; i++) {
                    // d0, d1 in row g, d2, d3 in row g + 8 of the warp's 16 rows; the next four 8 columns further.
                    assertEquals(16 * (thread / 32) + (i % 4 < 2 ? g : g + 8), f.row(thread, i));
                    assertEquals(i / 4 * 8 + 2 * t + (i & 1), f.column(thread, i));
                }
            }
        }
        Fragment half = Fragment.groupAccumulator(64, Element.F16);
        packed(half, 16);
        assertEquals(16, half.registers());
    }

    @Test void wgmmaFactorsInRegistersAreThoseOfTheIsa() {
        for (int thread = 0; thread < 128; thread++) {
            int g = thread % 32 / 4 + 16 * (thread / 32);
            int t = thread % 4;
            Fragment f = Fragment.groupA(16, Element.BF16);
            for (int i = 0; i < 8; i++) {
                assertEquals(i < 2 || i >= 4 && i < 6 ? g : g + 8, f.row(thread, i));
                assertEquals(i < 4 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8, f.column(thread, i));
            }
            f = Fragment.groupA(32, Element.S8);
            for (int i = 0; i < 16; i++) {
                assertEquals(i < 4 || i >= 8 && i < 12 ? g : g + 8, f.row(thread, i));
                assertEquals(i < 8 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16, f.column(thread, i));
            }
            f = Fragment.groupA(8, Element.TF32);
            for (int i = 0; i < 4; i++) {
                assertEquals(i == 0 || i == 2 ? g : g + 8, f.row(thread, i));
                assertEquals(i < 2 ? t : t + 4, f.column(thread, i));
            }
        }
        bijective(Fragment.groupA(16, Element.F16));
        bijective(Fragment.groupA(32, Element.E5M2));
        bijective(Fragment.groupA(8, Element.TF32));
    }

    @Test void shapesThatNoTensorCoreHasAreRefused() {
        for (Executable wrong : new Executable[] {
                () -> form(16, 32, Element.F32, Element.BF16), () -> form(16, 16, Element.F16, Element.BF16),
                        () -> form(8, 4, Element.F32, Element.F16),
                () -> form(8, 32, Element.S32, Element.S8), () -> new MmaForm(16, 16, 16, Element.F32, Element.F16, Element.F16),
                () -> new MmaForm(16, 8, 16, Element.F32, Element.F16, Element.BF16), () -> form(16, 16, Element.F32, Element.F32)}) {
            assertThrows(IllegalArgumentException.class, wrong);
        }
    }
}
