package lucid.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;

/// All 65,536 bf16 and f16 numbers are widened, all bytes; what is narrowed lies on, and beside, the borders between two results.
class CudaConversionTest extends BitTest {
    private static final List<Layout> LAYOUTS = List.of(Layout.DENSE, Layout.ODD, Layout.ALIGNED);

    CudaConversionTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        for (DType type : List.of(DType.BF16, DType.F16)) {
            cases.add(new BitCase(type + " to F32", bits -> widen(bits, type)));
            cases.add(new BitCase("F32 to " + type, bits -> narrow(bits, type)));
        }
        cases.add(new BitCase("I32 and U8 to F32", CudaConversionTest::whole));
        cases.add(new BitCase("refusals", CudaConversionTest::refusals));
        return cases;
    }

    private static void widen(Bits bits, DType type) {
        convert(bits, bits.matrix(type, 256, 256, Layout.DENSE, i -> i), Layout.DENSE);
        for (int i = 0; i < 6; i++)
            convert(bits, bits.matrix(type, 5, 6 + i, LAYOUTS.get(i % 3), _ -> bits.random.nextInt(65536)), LAYOUTS.get((i + i / 3) % 3));
    }

    private static void convert(Bits bits, Twin x, Layout layout) {
        Twin y = bits.random(x.onCpu().rows(), x.onCpu().cols(), layout);
        bits.both((d, s) -> d.conversion().convert(x.on(s), y.on(s)));
        bits.assertSame(x.onCpu().dtype() + " to F32", y);
    }

    private static void narrow(Bits bits, DType type) {
        for (int i = 0; i < 6; i++) {
            int cols = i == 0 ? 2048 : 7 + i;
            Twin x = bits.matrix(7, cols, LAYOUTS.get(i % 3), n -> switch (n % 3) {
                // A number of the narrow type, the middle to the next one, and the neighbours of both; from denormals to overflow.
                case 0 -> Float.intBitsToFloat((bits.random.nextInt(65536) << 16) + (bits.random.nextInt(3) - 1) + (bits.random.nextInt(2) << 15));
                case 1 -> Float.intBitsToFloat(Float.floatToRawIntBits(Float.float16ToFloat((short) bits.random.nextInt(65536)))
                        + (bits.random.nextInt(2) << 12) + bits.random.nextInt(3) - 1);
                default -> Math.scalb(bits.random.nextDouble(-1, 1), bits.random.nextInt(-28, 18));
            });
            Twin y = bits.matrix(type, 7, cols, LAYOUTS.get((i + i / 3) % 3), _ -> 1);
            bits.both((d, s) -> d.conversion().convert(x.on(s), y.on(s)));
            bits.assertSame("F32 to " + type, y);
        }
    }

    private static void whole(Bits bits) {
        convert(bits, bits.matrix(DType.U8, 16, 16, Layout.DENSE, i -> i), Layout.DENSE);
        for (int i = 0; i < 6; i++) {
            convert(bits, bits.matrix(DType.U8, 5, 6 + i, LAYOUTS.get(i % 3), _ -> bits.random.nextInt(256)), LAYOUTS.get((i + i / 3) % 3));
            convert(bits, bits.matrix(DType.I32, 5, 6 + i, LAYOUTS.get(i % 3),
                    n -> n == 0 ? Integer.MIN_VALUE : bits.random.nextInt() >> bits.random.nextInt(32)), LAYOUTS.get((i + i / 3) % 3));
        }
    }

    private static void refusals(Bits bits) {
        Twin x = bits.random(2, 3, Layout.DENSE);
        Twin ids = bits.matrix(DType.I32, 2, 3, Layout.DENSE, i -> i);
        bits.assertRefused((d, s) -> d.conversion().convert(x.on(s), ids.on(s)));
        bits.assertRefused((d, s) -> d.conversion().convert(ids.on(s), x.rows(0, 1).on(s)));
    }
}
