package lucid.kernels.ptx.memory.shadow;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// [lucid.kernels.ptx.memory.Lanes#gather] for lanes whose places all lie within some lines of 64 bytes: the lines are loaded as they are and their
/// words permuted in registers, 16 lanes at a time. Tiles of shared memory are mostly read like that, a row or a few by all lanes.
public final class NearLanes {
    /// Bytes over which the places may reach: four lines.
    static final int REACH = 256;
    private static final VectorSpecies<Byte> LINE = ByteVector.SPECIES_512;
    private static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_512;
    private static final boolean POSSIBLE = IntVector.SPECIES_PREFERRED.length() >= WORDS.length();

    private NearLanes() {}

    /// @param at where the lowest place is in `data`
    /// @return false when that is not possible here, and nothing was done
    public static boolean gather(byte[] data, int at, LanePattern pattern, int[] out, int[] bases) {
        int lines = pattern.span > 128 ? REACH / 64 : (int) pattern.span + 63 >> 6;
        if (!POSSIBLE || pattern.words == null || at + 64 * lines > data.length) {
            return false;
        }
        for (int w = 0; w << 2 < pattern.bytes; w++) {
            if (lines == 1) {
                one(data, at, pattern.words, w, out, bases[w]);
            } else if (lines == 2) {
                two(data, at, pattern.words, w, out, bases[w]);
            } else {
                half(data, at, pattern.words, 0, w, out, bases[w]);
                half(data, at, pattern.words, 16, w, out, bases[w] + 16);
            }
        }
        return true;
    }

    private static void one(byte[] data, int at, int[] words, int w, int[] out, int to) {
        IntVector line = ByteVector.fromArray(LINE, data, at).reinterpretAsInts();
        IntVector.fromArray(WORDS, words, 0).add(w).selectFrom(line).intoArray(out, to);
        IntVector.fromArray(WORDS, words, 16).add(w).selectFrom(line).intoArray(out, to + 16);
    }

    private static void two(byte[] data, int at, int[] words, int w, int[] out, int to) {
        IntVector line = ByteVector.fromArray(LINE, data, at).reinterpretAsInts();
        IntVector next = ByteVector.fromArray(LINE, data, at + 64).reinterpretAsInts();
        IntVector.fromArray(WORDS, words, 0).add(w).selectFrom(line, next).intoArray(out, to);
        IntVector.fromArray(WORDS, words, 16).add(w).selectFrom(line, next).intoArray(out, to + 16);
    }

    /// 16 lanes of four lines.
    private static void half(byte[] data, int at, int[] words, int first, int w, int[] out, int to) {
        IntVector line = ByteVector.fromArray(LINE, data, at).reinterpretAsInts();
        IntVector next = ByteVector.fromArray(LINE, data, at + 64).reinterpretAsInts();
        IntVector third = ByteVector.fromArray(LINE, data, at + 128).reinterpretAsInts();
        IntVector fourth = ByteVector.fromArray(LINE, data, at + 192).reinterpretAsInts();
        IntVector from = IntVector.fromArray(WORDS, words, first).add(w);
        IntVector low = from.and(31).selectFrom(line, next);
        IntVector high = from.and(31).selectFrom(third, fourth);
        low.blend(high, from.compare(VectorOperators.GE, 32)).intoArray(out, to);
    }
}
