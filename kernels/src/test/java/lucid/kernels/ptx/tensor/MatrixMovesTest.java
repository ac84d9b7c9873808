package lucid.kernels.ptx.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import lucid.kernels.ptx.tensor.form.Element;
import lucid.kernels.ptx.tensor.form.Fragment;
import lucid.kernels.ptx.tensor.form.MatrixMoves;
import lucid.kernels.ptx.tensor.form.MmaForm;
import org.junit.jupiter.api.Test;

/// Movements of matrices between registers.
class MatrixMovesTest {
    private static final MmaForm M16N8K16 = FragmentTest.form(16, 16, Element.F32, Element.BF16);

    @Test void movmatrixTransposes() {
        int[] words = new int[64];
        for (int lane = 0; lane < 32; lane++) words[lane] = lane / 4 << 8 | 2 * (lane % 4) | (lane / 4 << 8 | 2 * (lane % 4) + 1) << 16;
        MatrixMoves.transpose(words, 1, 0);
        for (int lane = 0; lane < 32; lane++) {
            for (int h = 0; h < 2; h++) assertEquals(2 * (lane % 4) + h << 8 | lane / 4, words[32 + lane] >>> 16 * h & 0xffff);
        }
        int[] same = words.clone();
        MatrixMoves.transpose(same, 1, 1);
        assertArrayEquals(Arrays.copyOf(words, 32), Arrays.copyOfRange(same, 32, 64));
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
        Fragment left = M16N8K16.left();
        for (int lane = 0; lane < 32; lane++) {
            for (int i = 0; i < 8; i++) {
                assertEquals(left.row(lane, i) << 8 | left.column(lane, i), words[32 * left.register(i) + lane] >>> left.shift(i) & 0xffff,
                        "lane " + lane + " element " + i);
            }
        }
    }
}
