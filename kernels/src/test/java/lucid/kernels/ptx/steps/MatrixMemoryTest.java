package lucid.kernels.ptx.steps;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.IntUnaryOperator;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.Fragment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `ldmatrix` and `stmatrix` element by element, and the recipes that bring tiles into the fragments of `mma`.
class MatrixMemoryTest {
    private static final int ROWS = 40;
    private static final int COLUMNS = 32;
    private static final int TILE = ROWS * COLUMNS * 2;

    /// A tile of 40 x 32 16-bit numbers `row << 8 | column`, and an offset into it (or elsewhere) for every lane.
    private static byte[] input(IntUnaryOperator offset) {
        ByteBuffer bytes = ByteBuffer.allocate(TILE + 128).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < ROWS * COLUMNS; i++) bytes.putShort((short) (i / COLUMNS << 8 | i % COLUMNS));
        for (int lane = 0; lane < 32; lane++) bytes.putInt(offset.applyAsInt(lane));
        return bytes.array();
    }

    /// Shared memory holds the tile; `%r10` is the lane's address, `%b0 .. %b3` are stored at the end.
    private static Kernel kernel(String body, IntUnaryOperator offset) {
        StringBuilder copy = new StringBuilder("mov.u32 %r8, tile;\nmad.lo.u32 %r9, %tid, 16, %r8;\nmad.wide.u32 %x0, %tid, 16, %in;\n");
        for (int at = 0; at < TILE; at += 512) {
            copy.append("ld.global.v4.u32 {%r0, %r1, %r2, %r3}, [%x0+" + at + "];\nst.shared.v4.u32 [%r9+" + at + "], {%r0, %r1, %r2, %r3};\n");
        }
        copy.append("bar.sync 0;\nmad.wide.u32 %x1, %tid, 4, %in;\nld.global.u32 %r10, [%x1+" + TILE + "];\nadd.u32 %r10, %r10, %r8;\n");
        for (int i = 0; i < 4; i++) copy.append("mov.b32 %b" + i + ", 0;\n");
        return new Kernel(".shared .align 16 .b8 tile[" + TILE + "];", copy + body + "\nst.global.v4.b32 [%own], {%b0, %b1, %b2, %b3};",
                input(offset));
    }

    private static String registers(int count) {
        return count == 1 ? "{%b0}" : count == 2 ? "{%b0, %b1}" : "{%b0, %b1, %b2, %b3}";
    }

    /// What half h of register i of the lanes holds after an `ldmatrix`.
    private static Kernel loaded(int count, boolean trans, IntUnaryOperator offset) {
        Kernel kernel = kernel("ldmatrix.sync.aligned.m8n8.x" + count + (trans ? ".trans" : "") + ".shared.b16 " + registers(count)
                + ", [%r10];", offset);
        assertEquals(List.of(), kernel.run().findings());
        return kernel;
    }

    private static int half(Kernel kernel, int lane, int i, int h) {
        return kernel.word(lane, i) >>> 16 * h & 0xffff;
    }

    /// Byte offset of a row of the tile.
    private static int at(int row, int column) {
        return 2 * (row * COLUMNS + column);
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "4, false", "1, true", "2, true", "4, true"})
    void loadsWhatTheIsaDraws(int count, boolean trans) {
        // Rows in reverse order within a matrix, matrices side by side: neither is the lane's own number.
        Kernel kernel = loaded(count, trans, lane -> at(7 - lane % 8, 8 * (lane / 8)));
        for (int lane = 0; lane < 32; lane++) {
            for (int i = 0; i < 4; i++) {
                for (int h = 0; h < 2; h++) {
                    int row = trans ? 2 * (lane % 4) + h : lane / 4;
                    int column = trans ? lane / 4 : 2 * (lane % 4) + h;
                    assertEquals(i < count ? 7 - row << 8 | 8 * i + column : 0, half(kernel, lane, i, h), "lane " + lane + " register " + i);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "4, false", "1, true", "2, true", "4, true"})
    void storesWhereTheIsaDraws(int count, boolean trans) {
        // Register i of lane l holds (i, l, half); rows of 16 bytes go to row 8 i + r of the first 512 bytes, reversed within a matrix.
        String body = "shl.b32 %r11, %tid, 1;\n";
        for (int i = 0; i < 4; i++)
            body += "add.u32 %r12, %r11, " + (i << 8) + ";\nadd.u32 %r13, %r12, 1;\nshl.b32 %r13, %r13, 16;\nor.b32 %b" + i + ", %r12, %r13;\n";
        body += "stmatrix.sync.aligned.m8n8.x" + count + (trans ? ".trans" : "") + ".shared.b16 [%r10], " + registers(count)
                + ";\nbar.warp.sync 0xffffffff;\n";
        body += "ld.shared.v4.b32 {%b0, %b1, %b2, %b3}, [%r9];";
        Kernel kernel = kernel(body, lane -> 16 * (8 * (lane / 8) + 7 - lane % 8));
        assertEquals(List.of(), kernel.run().findings());
        for (int place = 0; place < 8 * count; place++) {
            int row = 7 - place % 8;
            for (int column = 0; column < 8; column++) {
                int lane = trans ? 4 * column + row / 2 : 4 * row + column / 2;
                int value = place / 8 << 8 | 2 * lane + (trans ? row : column) % 2;
                assertEquals(value, half(kernel, place, column / 2, column % 2), "matrix " + place / 8 + " (" + row + ", " + column + ")");
            }
        }
    }

    private interface Matrix {
        int at(int row, int column);
    }

    /// The registers from `from` on hold that matrix in the layout of the fragment.
    private static void holds(Fragment f, Kernel kernel, int from, Matrix element) {
        for (int lane = 0; lane < 32; lane++) {
            for (int i = 0; i < f.elements(); i++) {
                assertEquals(element.at(f.row(lane, i), f.column(lane, i)), half(kernel, lane, from + f.register(i), f.shift(i) / 16),
                        "lane " + lane + " element " + i);
            }
        }
    }

    private static final Fragment A = Fragment.a(16, 16, Element.BF16);
    private static final Fragment B = Fragment.b(16, Element.BF16);

    @Test
    void aFromRowsOfK() {
        holds(A, loaded(4, false, l -> at(16 + l % 16, 8 + l / 16 * 8)), 0, (m, k) -> 16 + m << 8 | 8 + k);
    }

    @Test
    void aFromRowsOfM() {
        holds(A, loaded(4, true, l -> at(l % 8 + 8 * (l / 16), l / 8 % 2 * 8)), 0, (m, k) -> k << 8 | m);
    }

    @Test
    void bFromRowsOfK() {
        holds(B, loaded(2, false, l -> at(8 + l % 8, l / 8 % 2 * 8)), 0, (k, n) -> 8 + n << 8 | k);
        Kernel twoTiles = loaded(4, false, l -> at(l % 8 + 8 * (l / 16), l / 8 % 2 * 8));
        holds(B, twoTiles, 0, (k, n) -> n << 8 | k);
        holds(B, twoTiles, 2, (k, n) -> 8 + n << 8 | k);
        Kernel twoSteps = loaded(4, false, l -> at(l % 8, l / 8 * 8));
        holds(B, twoSteps, 0, (k, n) -> n << 8 | k);
        holds(B, twoSteps, 2, (k, n) -> n << 8 | 16 + k);
    }

    @Test
    void bFromRowsOfN() {
        holds(B, loaded(2, true, l -> at(l % 16, 24)), 0, (k, n) -> k << 8 | 24 + n);
    }

    @Test
    void aRowThatIsNotAlignedIsFound() {
        Kernel kernel = kernel("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%b0}, [%r10];", lane -> 16 * lane + (lane == 3 ? 8 : 0));
        var findings = kernel.run().findings();
        assertEquals(1, findings.size());
        assertEquals(Kind.MISALIGNED, findings.getFirst().kind());
    }
}
