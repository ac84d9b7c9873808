package lucid.kernels.ptx.tensor;

import jdk.incubator.vector.IntVector;

/// Squares of 8 x 8 words turned in vector registers: three rounds of exchanges at distances 4, 2 and 1, one two-source permute for each vector.
final class Squares {
    /// Whether a row of a square is one vector.
    static final boolean POSSIBLE = DotTiles.I.length() == 8;
    private static final int[] FOUR_LOW = lanes(4, 0);
    private static final int[] FOUR_HIGH = lanes(4, 4);
    private static final int[] TWO_LOW = lanes(2, 0);
    private static final int[] TWO_HIGH = lanes(2, 2);
    private static final int[] ONE_LOW = lanes(1, 0);
    private static final int[] ONE_HIGH = lanes(1, 1);

    private Squares() {}

    /// Which of the 16 lanes of two rows at distance d the lower row keeps (part 0) or the upper one (part d).
    private static int[] lanes(int d, int part) {
        int[] from = new int[8];
        for (int l = 0; l < 8; l++) from[l] = (l & d) == 0 ? l + part : 8 + l - d + part;
        return from;
    }

    /// `[row][8 words]` to `[word][count]`.
    ///
    /// @param count rows, a multiple of 8
    /// @param evenFirst of every eight rows those of even number first, as [Panels#column] wants it
    static void transpose(int[] rows, int count, boolean evenFirst, int[] out) {
        int second = evenFirst ? 16 : 8, third = evenFirst ? 32 : 16, fourth = evenFirst ? 48 : 24;
        int fifth = evenFirst ? 8 : 32, sixth = evenFirst ? 24 : 40, seventh = evenFirst ? 40 : 48;
        IntVector fourLow = IntVector.fromArray(DotTiles.I, FOUR_LOW, 0), fourHigh = IntVector.fromArray(DotTiles.I, FOUR_HIGH, 0);
        IntVector twoLow = IntVector.fromArray(DotTiles.I, TWO_LOW, 0), twoHigh = IntVector.fromArray(DotTiles.I, TWO_HIGH, 0);
        IntVector oneLow = IntVector.fromArray(DotTiles.I, ONE_LOW, 0), oneHigh = IntVector.fromArray(DotTiles.I, ONE_HIGH, 0);
        for (int row = 0; row < count; row += 8) {
            int i = 8 * row;
            IntVector a = IntVector.fromArray(DotTiles.I, rows, i), b = IntVector.fromArray(DotTiles.I, rows, i + second);
            IntVector c = IntVector.fromArray(DotTiles.I, rows, i + third), d = IntVector.fromArray(DotTiles.I, rows, i + fourth);
            IntVector e = IntVector.fromArray(DotTiles.I, rows, i + fifth), f = IntVector.fromArray(DotTiles.I, rows, i + sixth);
            IntVector g = IntVector.fromArray(DotTiles.I, rows, i + seventh), h = IntVector.fromArray(DotTiles.I, rows, i + 56), t;
            t = fourLow.selectFrom(a, e); e = fourHigh.selectFrom(a, e); a = t;
            t = fourLow.selectFrom(b, f); f = fourHigh.selectFrom(b, f); b = t;
            t = fourLow.selectFrom(c, g); g = fourHigh.selectFrom(c, g); c = t;
            t = fourLow.selectFrom(d, h); h = fourHigh.selectFrom(d, h); d = t;
            t = twoLow.selectFrom(a, c); c = twoHigh.selectFrom(a, c); a = t;
            t = twoLow.selectFrom(b, d); d = twoHigh.selectFrom(b, d); b = t;
            t = twoLow.selectFrom(e, g); g = twoHigh.selectFrom(e, g); e = t;
            t = twoLow.selectFrom(f, h); h = twoHigh.selectFrom(f, h); f = t;
            oneLow.selectFrom(a, b).intoArray(out, row);
            oneHigh.selectFrom(a, b).intoArray(out, row + count);
            oneLow.selectFrom(c, d).intoArray(out, row + 2 * count);
            oneHigh.selectFrom(c, d).intoArray(out, row + 3 * count);
            oneLow.selectFrom(e, f).intoArray(out, row + 4 * count);
            oneHigh.selectFrom(e, f).intoArray(out, row + 5 * count);
            oneLow.selectFrom(g, h).intoArray(out, row + 6 * count);
            oneHigh.selectFrom(g, h).intoArray(out, row + 7 * count);
        }
    }
}
