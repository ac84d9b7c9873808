package lucid.kernels.ptx.steps.lanes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import org.junit.jupiter.api.Test;

/// Both forms of every function of [Vectors] have the same bits, for special values and random ones.
class VectorsTest {
    private static final int[] SPECIAL = {0, 1, -1, 2, 31, 32, 33, 64, Integer.MIN_VALUE, Integer.MAX_VALUE, 0x7f800000, 0xff800000, 0x7fc00000,
            0xffc00001, 0x7f800001, 0x7fffffff,
        0x00000001, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000, 0x3f800000, 0xbf800000, 0x7f7fffff, 0xff7fffff, 0x33800000, 0x4b800000,
                0x0c800000};
    private static final int ROUNDS = 400;
    private static final int N = 64;

    private final Random random = new Random(5);

    private int[] words() {
        return random.ints(N).map(bits -> random.nextInt(3) == 0 ? bits : SPECIAL[random.nextInt(SPECIAL.length)]).toArray();
    }

    private static IntVector vector(int[] words, int at) {
        return IntVector.fromArray(IntVector.SPECIES_PREFERRED, words, at);
    }

    @Test
    void bothFormsHaveTheSameBits() throws IllegalAccessException {
        List<Field> functions = Arrays.stream(Vectors.class.getDeclaredFields()).filter(f -> f.getType().isRecord()).toList();
        assertTrue(functions.size() >= 40, "functions found by reflection: " + functions);
        for (Field field : functions) {
            Object function = field.get(null);
            for (int round = 0; round < ROUNDS; round++) {
                compare(field.getName(), function, words(), words(), words());
            }
        }
    }

    private static void compare(String name, Object function, int[] a, int[] b, int[] c) {
        for (int at = 0; at < N; at += IntVector.SPECIES_PREFERRED.length()) {
            for (int i = 0; i < IntVector.SPECIES_PREFERRED.length(); i++) {
                int l = at + i;
                String where = name + " of " + Integer.toHexString(a[l]) + ", " + Integer.toHexString(b[l]) + ", " + Integer.toHexString(c[l]);
                switch (function) {
                    case Vectors.Word1 f -> assertEquals(f.applyAsInt(a[l]), f.vector().apply(vector(a, at)).lane(i), where);
                    case Vectors.Word2 f -> assertEquals(f.applyAsInt(a[l], b[l]), f.vector().apply(vector(a, at), vector(b, at)).lane(i), where);
                    case Vectors.Word3 f -> assertEquals(f.apply(a[l], b[l], c[l]), f.vector().apply(vector(a, at), vector(b, at), vector(c, at))
                            .lane(i), where);
                    case Vectors.Test f -> assertEquals(f.test(a[l], b[l]), f.vector().test(vector(a, at), vector(b, at)).laneIsSet(i), where);
                    case Vectors.Wide2 f -> wide(where, f, (long) a[l] << 32 | c[l] & 0xffffffffL, b[l]);
                    case Vectors.Widen2 f -> widen(where, f, a[l], b[l]);
                    default -> fail("no comparison for " + function);
                }
            }
        }
    }

    private static void wide(String where, Vectors.Wide2 f, long a, long b) {
        LongVector result = f.vector().apply(LongVector.broadcast(LongVector.SPECIES_PREFERRED, a),
                LongVector.broadcast(LongVector.SPECIES_PREFERRED, b));
        assertEquals(f.applyAsLong(a, b), result.lane(0), where);
    }

    private static void widen(String where, Vectors.Widen2 f, int a, int b) {
        var left = (LongVector) IntVector.broadcast(Vectors.HALF, a).convertShape(f.extend(), LongVector.SPECIES_PREFERRED, 0);
        var right = (LongVector) IntVector.broadcast(Vectors.HALF, b).convertShape(f.extend(), LongVector.SPECIES_PREFERRED, 0);
        assertEquals(f.apply(a, b), f.vector().apply(left, right).lane(0), where);
    }
}
