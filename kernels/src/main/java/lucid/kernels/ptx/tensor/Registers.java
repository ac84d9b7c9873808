package lucid.kernels.ptx.tensor;

import lucid.kernels.ptx.number.Formats;
import lucid.kernels.ptx.tensor.form.Element;

/// Register files to and from what [DotTiles] computes with. Lane `4 g + t` of slot s is `words[32 s + 4 g + t]`.
final class Registers {
    private Registers() {}

    /// The registers of a factor as `stage[word][count]`: register r of lane (g, t) holds word `t + 4 (r / halves)` of row `row + g + 8 (r mod
    /// halves)`.
    ///
    /// @param halves 2 for A of 16 rows, else 1
    /// @param isB columns, which are kept even ones first
    static void stage(int[] words, int[] slots, int halves, boolean isB, int[] stage, int count, int row) {
        for (int r = 0; r < slots.length; r++) {
            int from = 32 * slots[r];
            int to = 4 * (r / halves) * count + row + 8 * (r % halves);
            for (int g = 0; g < 8; g++) {
                int at = to + (isB ? Panels.column(g) : g);
                stage[at] = words[from + 4 * g];
                stage[at + count] = words[from + 4 * g + 1];
                stage[at + 2 * count] = words[from + 4 * g + 2];
                stage[at + 3 * count] = words[from + 4 * g + 3];
            }
        }
    }

    /// The accumulators of 8 rows and one n8 tile as a block of [DotTiles]. `first` is the number of the block's first element in a thread's list.
    static void read(Element type, int[] words, int[] slots, int first, double[] acc, int at) {
        switch (type) {
            case F32 -> Blocks.readF32(words, 32 * slots[first], 32 * slots[first + 1], acc, at);
            case F16 -> readF16(words, 32 * slots[first / 2], acc, at);
            default -> Blocks.readS32(words, 32 * slots[first], 32 * slots[first + 1], acc, at);
        }
    }

    private static void readF16(int[] words, int from, double[] acc, int at) {
        for (int i = 0; i < 32; i++) {
            acc[at + place(i, 0)] = Float.float16ToFloat((short) words[from + i]);
            acc[at + place(i, 1)] = Float.float16ToFloat((short) (words[from + i] >>> 16));
        }
    }

    /// The inverse of [#read]: rounds to the accumulator's type.
    static void write(Element type, boolean saturate, double[] acc, int at, int[] words, int[] slots, int first) {
        switch (type) {
            case F32 -> Blocks.writeF32(acc, at, words, 32 * slots[first], 32 * slots[first + 1]);
            case F16 -> writeF16(acc, at, words, 32 * slots[first / 2]);
            default -> Blocks.writeS32(acc, at, saturate, words, 32 * slots[first], 32 * slots[first + 1]);
        }
    }

    private static void writeF16(double[] acc, int at, int[] words, int to) {
        for (int i = 0; i < 32; i++) words[to + i] = Formats.f64ToF16Rn(acc[at + place(i, 0)]) | Formats.f64ToF16Rn(acc[at + place(i, 1)]) << 16;
    }

    /// Row g, even or odd column 2 t + p of a block.
    private static int place(int lane, int p) { return 8 * (lane >> 2) + 4 * p + (lane & 3); }
}
