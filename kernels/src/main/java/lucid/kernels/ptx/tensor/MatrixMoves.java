package lucid.kernels.ptx.tensor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// `ldmatrix`, `stmatrix` and `movmatrix` of 8 x 8 matrices with 16-bit elements (PTX ISA, "Warp-level matrix load instruction").
///
/// Lane `4 g + t` holds the elements (g, 2t) and (g, 2t + 1) of each matrix, low half first; with `.trans` (2t, g) and (2t + 1, g).
/// Row r of matrix i begins at the address that lane `8 i + r` brings. Registers are slots of a register file: lane l of slot s is `words[32 s + l]`.
public final class MatrixMoves {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private MatrixMoves() {}

    /// `ldmatrix.sync.aligned.m8n8.x{1,2,4}{.trans}.shared.b16`.
    ///
    /// @param rows shared addresses of the lanes; the first `8 * d.length` are read
    /// @param d slots of the destination registers: 1, 2 or 4
    public static void load(SharedView shared, int[] rows, boolean trans, int[] words, int[] d) {
        checkCount("ldmatrix", d.length);
        for (int i = 0; i < d.length; i++) {
            for (int r = 0; r < 8; r++) {
                int at = row(shared, rows, 8 * i + r, "ldmatrix");
                for (int t = 0; t < 4; t++) words[32 * d[i] + 4 * r + t] = (int) INT.get(shared.bytes(), at + 4 * t);
            }
            if (trans) transpose(words, 32 * d[i], words, 32 * d[i]);
        }
    }

    /// `stmatrix.sync.aligned.m8n8.x{1,2,4}{.trans}.shared.b16`: the inverse of [#load].
    ///
    /// @param s slots of the source registers: 1, 2 or 4
    public static void store(SharedView shared, int[] rows, boolean trans, int[] words, int[] s) {
        checkCount("stmatrix", s.length);
        int[] matrix = new int[32];
        for (int i = 0; i < s.length; i++) {
            if (trans) transpose(words, 32 * s[i], matrix, 0);
            else System.arraycopy(words, 32 * s[i], matrix, 0, 32);
            for (int r = 0; r < 8; r++) {
                int at = row(shared, rows, 8 * i + r, "stmatrix");
                for (int t = 0; t < 4; t++) INT.set(shared.bytes(), at + 4 * t, matrix[4 * r + t]);
            }
        }
    }

    /// `movmatrix.sync.aligned.m8n8.trans.b16 d, a`.
    public static void transpose(int[] words, int d, int a) { transpose(words, 32 * a, words, 32 * d); }

    private static void transpose(int[] from, int at, int[] to, int dest) {
        int[] m = new int[64];
        for (int i = 0; i < 32; i++) {
            m[2 * i] = from[at + i] & 0xffff;
            m[2 * i + 1] = from[at + i] >>> 16;
        }
        for (int g = 0; g < 8; g++) {
            for (int t = 0; t < 4; t++) to[dest + 4 * g + t] = m[16 * t + g] | m[16 * t + 8 + g] << 16;
        }
    }

    private static int row(SharedView shared, int[] rows, int lane, String what) {
        if ((rows[lane] & 15) != 0) {
            throw new IllegalArgumentException(String.format("%s: lane %d found row address 0x%x, wanted a multiple of 16", what, lane, rows[lane]));
        }
        return shared.index(rows[lane], 16, what + ", lane " + lane);
    }

    private static void checkCount(String what, int count) {
        if (count != 1 && count != 2 && count != 4) {
            throw new IllegalArgumentException(what + ": found " + count + " registers, wanted 1, 2 or 4 (.x1, .x2, .x4)");
        }
    }
}
