package lucid.kernels.ptx.tensor;

import lucid.kernels.ptx.number.Formats;

/// Register words to and from what [DotTiles] computes with.
final class Registers {
    private Registers() {}

    /// Unpacks one register of all lanes: `out[32 j + lane]` is place j. One loop per type, so that each vectorises.
    static void unpack(Element type, int[] words, int from, float[] out) {
        switch (type) {
            case BF16 -> {
                for (int i = 0; i < 32; i++) out[i] = Float.intBitsToFloat(words[from + i] << 16);
                for (int i = 0; i < 32; i++) out[32 + i] = Float.intBitsToFloat(words[from + i] & 0xffff0000);
            }
            case F16 -> {
                for (int i = 0; i < 32; i++) out[i] = Float.float16ToFloat((short) words[from + i]);
                for (int i = 0; i < 32; i++) out[32 + i] = Float.float16ToFloat((short) (words[from + i] >>> 16));
            }
            case TF32 -> {
                for (int i = 0; i < 32; i++) out[i] = Formats.tf32ToF32(words[from + i]);
            }
            default -> {
                for (int j = 0; j < type.perWord(); j++) {
                    for (int i = 0; i < 32; i++) out[32 * j + i] = type.value(words[from + i] >>> j * type.bits());
                }
            }
        }
    }

    /// The accumulators of 8 rows and one n8 tile: elements 2 h and 2 h + 1 of the tile's four, h the half of the 16 rows.
    /// `first` is the number of the tile's first element in a thread's list of elements.
    static void read(Element type, int[] words, int[] slots, int first, double[] acc, int at) {
        switch (type) {
            case F32 -> {
                DotTiles.readF32(words, 32 * slots[first], acc, at);
                DotTiles.readF32(words, 32 * slots[first + 1], acc, at + 32);
            }
            case F16 -> {
                int from = 32 * slots[first / 2];
                for (int i = 0; i < 32; i++) {
                    acc[at + i] = Float.float16ToFloat((short) words[from + i]);
                    acc[at + 32 + i] = Float.float16ToFloat((short) (words[from + i] >>> 16));
                }
            }
            default -> {
                for (int i = 0; i < 64; i++) acc[at + i] = words[32 * slots[first + (i >> 5)] + (i & 31)];
            }
        }
    }

    /// The inverse of [#read]: rounds to the accumulator's type.
    static void write(Element type, boolean saturate, double[] acc, int at, int[] words, int[] slots, int first) {
        switch (type) {
            case F32 -> {
                DotTiles.writeF32(acc, at, words, 32 * slots[first]);
                DotTiles.writeF32(acc, at + 32, words, 32 * slots[first + 1]);
            }
            case F16 -> {
                int to = 32 * slots[first / 2];
                for (int i = 0; i < 32; i++) words[to + i] = Formats.f64ToF16Rn(acc[at + i]) | Formats.f64ToF16Rn(acc[at + 32 + i]) << 16;
            }
            default -> {
                for (int i = 0; i < 64; i++) words[32 * slots[first + (i >> 5)] + (i & 31)] = PlainTensor.round(type, acc[at + i], saturate);
            }
        }
    }
}
