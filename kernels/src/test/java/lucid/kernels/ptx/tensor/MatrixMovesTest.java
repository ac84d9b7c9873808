package lucid.kernels.ptx.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

/// `ldmatrix`, `stmatrix`, `movmatrix` element by element, and the recipes that bring tiles into the fragments of `mma`.
class MatrixMovesTest {
    private static final int BASE = 0x400;

    /// Element (r, c) of a row-major tile of 16-bit numbers is `r << 8 | c`.
    private static SharedView tile(int rows, int columns) {
        byte[] bytes = new byte[rows * columns * 2];
        for (int i = 0; i < rows * columns; i++) {
            bytes[2 * i] = (byte) (i % columns);
            bytes[2 * i + 1] = (byte) (i / columns);
        }
        return new SharedView(bytes, BASE);
    }

    private static int[] lanes(IntUnaryOperator address) {
        int[] rows = new int[32];
        for (int lane = 0; lane < 32; lane++) rows[lane] = address.applyAsInt(lane);
        return rows;
    }

    /// Half h of register i of a lane, loaded into slots 0, 1, ...
    private static int half(int[] words, int lane, int i, int h) { return words[32 * i + lane] >>> 16 * h & 0xffff; }

    @Test void loadsWhatTheIsaDraws() {
        SharedView shared = tile(32, 8);
        for (int count = 1; count <= 4; count *= 2) {
            for (boolean trans : new boolean[] {false, true}) {
                int[] words = new int[32 * 4];
                // Row addresses in reverse order within a matrix, so that row and lane differ.
                int[] rows = lanes(lane -> BASE + 16 * (lane / 8 * 8 + 7 - lane % 8));
                MatrixMoves.load(shared, rows, trans, words, MmaUnitTest.slots(0, count));
                for (int i = 0; i < count; i++) {
                    for (int lane = 0; lane < 32; lane++) {
                        for (int h = 0; h < 2; h++) {
                            int r = trans ? 2 * (lane % 4) + h : lane / 4;
                            int c = trans ? lane / 4 : 2 * (lane % 4) + h;
                            assertEquals(8 * i + 7 - r << 8 | c, half(words, lane, i, h), "x" + count + " lane " + lane);
                        }
                    }
                }
            }
        }
    }

    @Test void storeUndoesLoad() {
        Random random = new Random(1);
        for (int count = 1; count <= 4; count *= 2) {
            for (boolean trans : new boolean[] {false, true}) {
                byte[] bytes = new byte[16 * 8 * count + 32];
                random.nextBytes(bytes);
                int[] rows = lanes(lane -> BASE + 16 + 16 * (lane ^ 5));
                int[] words = new int[32 * 4];
                MatrixMoves.load(new SharedView(bytes, BASE), rows, trans, words, MmaUnitTest.slots(0, count));
                int[] before = words.clone();
                byte[] back = bytes.clone();
                Arrays.fill(back, 16, 16 + 128 * count, (byte) 0);
                MatrixMoves.store(new SharedView(back, BASE), rows, trans, words, MmaUnitTest.slots(0, count));
                assertArrayEquals(bytes, back);
                assertArrayEquals(before, words);
            }
        }
    }

    @Test void movmatrixTransposes() {
        int[] words = new int[64];
        for (int lane = 0; lane < 32; lane++) words[lane] = lane / 4 << 8 | 2 * (lane % 4) | (lane / 4 << 8 | 2 * (lane % 4) + 1) << 16;
        MatrixMoves.transpose(words, 1, 0);
        for (int lane = 0; lane < 32; lane++) {
            for (int h = 0; h < 2; h++) assertEquals(2 * (lane % 4) + h << 8 | lane / 4, half(words, lane, 1, h));
        }
        int[] same = words.clone();
        MatrixMoves.transpose(same, 1, 1);
        assertArrayEquals(Arrays.copyOf(words, 32), Arrays.copyOfRange(same, 32, 64));
    }

    @Test void wrongAddressesAreNamed() {
        SharedView shared = tile(8, 8);
        int[] words = new int[32];
        var e = assertThrows(IllegalArgumentException.class, () -> MatrixMoves.load(shared, lanes(l -> BASE + 16 * l + (l == 3 ? 8 : 0)), false, words, new int[1]));
        assertTrue(e.getMessage().contains("lane 3 found row address 0x438"), e.getMessage());
        e = assertThrows(IllegalArgumentException.class, () -> MatrixMoves.store(shared, lanes(l -> BASE + 16 * l + 16), false, words, new int[1]));
        assertTrue(e.getMessage().contains("stmatrix, lane 7: found shared address 0x480"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> MatrixMoves.load(shared, lanes(l -> BASE), false, words, new int[3]));
    }

    private static final MmaForm M16N8K16 = FragmentTest.form(16, 16, Element.F32, Element.BF16);

    /// What element (row, column) should be.
    private interface Matrix {
        int at(int row, int column);
    }

    /// The registers from `from` on hold that matrix in the layout of the fragment.
    private static void holds(Fragment f, int[] words, int from, Matrix element) {
        for (int lane = 0; lane < 32; lane++) {
            for (int i = 0; i < f.elements(); i++) {
                assertEquals(element.at(f.row(lane, i), f.column(lane, i)), words[32 * (from + f.register(i)) + lane] >>> f.shift(i) & 0xffff,
                        "lane " + lane + " element " + i);
            }
        }
    }

    @Test void aFromRowsOfK() {
        // 16 x 16 tile at (16, 8) of a 40 x 32 matrix.
        int[] words = new int[128];
        MatrixMoves.load(tile(40, 32), lanes(l -> BASE + 2 * ((16 + l % 16) * 32 + 8 + l / 16 * 8)), false, words, MmaUnitTest.slots(0, 4));
        holds(M16N8K16.left(), words, 0, (m, k) -> 16 + m << 8 | 8 + k);
    }

    @Test void bFromRowsOfK() {
        int[] words = new int[128];
        MatrixMoves.load(tile(32, 32), lanes(l -> BASE + 2 * ((8 + l % 8) * 32 + l / 8 % 2 * 8)), false, words, MmaUnitTest.slots(0, 2));
        holds(M16N8K16.right(), words, 0, (k, n) -> 8 + n << 8 | k);
        // x4: two n8 tiles.
        MatrixMoves.load(tile(32, 32), lanes(l -> BASE + 2 * ((l % 8 + 8 * (l / 16)) * 32 + l / 8 % 2 * 8)), false, words, MmaUnitTest.slots(0, 4));
        holds(M16N8K16.right(), words, 0, (k, n) -> n << 8 | k);
        holds(M16N8K16.right(), words, 2, (k, n) -> 8 + n << 8 | k);
        // x4: two steps of k.
        MatrixMoves.load(tile(32, 32), lanes(l -> BASE + 2 * (l % 8 * 32 + l / 8 * 8)), false, words, MmaUnitTest.slots(0, 4));
        holds(M16N8K16.right(), words, 0, (k, n) -> n << 8 | k);
        holds(M16N8K16.right(), words, 2, (k, n) -> n << 8 | 16 + k);
    }

    @Test void bFromRowsOfN() {
        int[] words = new int[128];
        MatrixMoves.load(tile(32, 32), lanes(l -> BASE + 2 * (l % 16 * 32 + 24)), true, words, MmaUnitTest.slots(0, 2));
        holds(M16N8K16.right(), words, 0, (k, n) -> k << 8 | 24 + n);
    }

    @Test void aFromRowsOfM() {
        int[] words = new int[128];
        MatrixMoves.load(tile(32, 32), lanes(l -> BASE + 2 * ((l % 8 + 8 * (l / 16)) * 32 + l / 8 % 2 * 8)), true, words, MmaUnitTest.slots(0, 4));
        holds(M16N8K16.left(), words, 0, (m, k) -> k << 8 | m);
    }

    /// Two neighbouring n8 accumulators, packed to pairs, are the A fragment of the next product (P of P V in attention).
    @Test void accumulatorsBecomeA() {
        Fragment sum = M16N8K16.sum();
        int[] words = new int[128];
        for (int lane = 0; lane < 32; lane++) {
            for (int tile = 0; tile < 2; tile++) {
                for (int r = 0; r < 2; r++) {
                    int low = sum.row(lane, 2 * r) << 8 | 8 * tile + sum.column(lane, 2 * r);
                    int high = sum.row(lane, 2 * r + 1) << 8 | 8 * tile + sum.column(lane, 2 * r + 1);
                    words[32 * (2 * tile + r) + lane] = low | high << 16;
                }
            }
        }
        holds(M16N8K16.left(), words, 0, (m, k) -> m << 8 | k);
    }
}
