package lucid.kernels.ptx.tensor;

import java.util.Random;
import lucid.kernels.ptx.number.Rounding;
import lucid.kernels.ptx.number.SmallFloat;
import lucid.kernels.ptx.tensor.form.Element;

/// Register words for the tests: any bits at all, tame numbers, or mostly specials (zeros, subnormals, largest, infinities, NaN).
final class TensorInputs {
    private TensorInputs() {}

    static int[] words(Random random, int slots, Element type, int kind) {
        int[] words = new int[32 * slots];
        for (int i = 0; i < words.length; i++) {
            words[i] = switch (kind % 3) {
                case 0 -> random.nextInt();
                case 1 -> tame(random, type);
                default -> random.nextInt(4) == 0 ? special(random, type) : tame(random, type);
            };
        }
        return words;
    }

    private static int tame(Random random, Element type) {
        int word = 0;
        for (int j = 0; j < type.perWord(); j++) word |= code(type, Math.round(random.nextGaussian() * 3)) << j * type.bits();
        return word;
    }

    private static int special(Random random, Element type) {
        if (type.bits() == 16) {
            int inf = type == Element.F16 ? 0x7c00 : 0x7f80;
            int[] some = {0, 0x8000, 1, 0x8001, 0x7f, inf, inf | 0x8000, inf - 1, inf + 1, 0x7fff, 0x0080};
            return some[random.nextInt(some.length)] | some[random.nextInt(some.length)] << 16;
        }
        int[] some = {0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x7f800000, 0xff800000, 0x7f7fffff, 0x7f800001, 0x7fc12345, 0x00800000, 0x3f801fff};
        return some[random.nextInt(some.length)];
    }

    /// The bits of a number that the type holds exactly or rounds to nearest.
    static int code(Element type, double x) {
        return switch (type) {
            case F16 -> SmallFloat.F16.encode(x, Rounding.NEAREST_EVEN);
            case BF16 -> SmallFloat.BF16.encode(x, Rounding.NEAREST_EVEN);
            case E4M3 -> SmallFloat.E4M3.encode(x, Rounding.NEAREST_EVEN);
            case E5M2 -> SmallFloat.E5M2.encode(x, Rounding.NEAREST_EVEN);
            case TF32, F32 -> Float.floatToRawIntBits((float) x);
            case S8, U8 -> (int) x & 0xff;
            case S4, U4 -> (int) x & 0xf;
            case S32 -> (int) x;
            case F64 -> throw new IllegalArgumentException("f64 does not fit");
        };
    }
}
