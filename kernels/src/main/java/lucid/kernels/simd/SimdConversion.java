package lucid.kernels.simd;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.simd.vector.Species.LANES;
import static lucid.kernels.simd.work.Strips.at;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.check.ElementwiseArguments;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.Widen;
import lucid.kernels.simd.work.Strips;
import lucid.kernels.simd.work.Workers;

/// See [Conversion].
public final class SimdConversion implements Conversion {
    private final Workers workers;

    public SimdConversion(Workers workers) { this.workers = workers; }

    @Override public void convert(Matrix x, Matrix y) {
        ElementwiseArguments.convert(x, y);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ys = HostBuffer.segment(y);
        DType type = x.dtype();
        Strips.Body body = switch (y.dtype() == F32 ? type : y.dtype()) {
            case BF16 -> type == F32 ? (r, c, n, _) -> toBf16(xs, at(x, r, c), ys, at(y, r, c), n) : (r, c, n, _) ->
                    widen(xs, at(x, r, c), type, ys, at(y, r, c), n);
            case F16 -> type == F32 ? (r, c, n, _) -> toF16(xs, at(x, r, c), ys, at(y, r, c), n) : (r, c, n, _) ->
                    widen(xs, at(x, r, c), type, ys, at(y, r, c), n);
            case I32 -> (r, c, n, _) -> fromI32(xs, at(x, r, c), ys, at(y, r, c), n);
            case U8 -> (r, c, n, _) -> fromU8(xs, at(x, r, c), ys, at(y, r, c), n);
            default -> throw new IllegalArgumentException("conversion.convert: no way from " + type + " to " + y.dtype());
        };
        Strips.run(workers, x.rows(), x.cols(), x.isDense() && y.isDense(), body);
    }

    /// f32 -> bf16, to nearest even: adding half of the last kept bit, minus one if that bit is 0, carries exactly when it should. A NaN keeps its
    /// upper bits and becomes quiet.
    private static short bf16(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) return (short) (bits >>> 16 | 0x40);
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    /// [#bf16(float)] on a vector; the result is in the low halves of the lanes.
    private static IntVector bf16(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        IntVector high = bits.lanewise(VectorOperators.LSHR, 16);
        IntVector rounded = bits.add(0x7FFF).add(high.and(1)).lanewise(VectorOperators.LSHR, 16);
        return rounded.blend(high.or(0x40), x.compare(VectorOperators.NE, x).cast(Species.I));
    }

    /// Stores a vector as bf16.
    private static void storeBf16(FloatVector x, MemorySegment y, long yo) {
        ((ShortVector) bf16(x).convertShape(VectorOperators.I2S, Species.HALF, 0)).intoMemorySegment(y, yo, Lanes.NATIVE);
    }

    private static void toBf16(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        int i = 0;
        for (; i < bound; i += LANES, xo += LANES * 4L, yo += LANES * 2L) storeBf16(Lanes.load(x, xo), y, yo);
        for (; i < n; i++, xo += 4, yo += 2) y.set(ValueLayout.JAVA_SHORT, yo, bf16(x.get(ValueLayout.JAVA_FLOAT, xo)));
    }

    private static void toF16(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++, xo += 4, yo += 2) y.set(ValueLayout.JAVA_SHORT, yo, Float.floatToFloat16(x.get(ValueLayout.JAVA_FLOAT, xo)));
    }

    /// bf16 or f16 -> f32.
    static void widen(MemorySegment x, long xo, DType type, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        int i = 0;
        for (; i < bound; i += LANES, xo += LANES * 2L, yo += LANES * 4L) Lanes.store(Widen.vector(x, xo, type), y, yo);
        for (; i < n; i++, xo += 2, yo += 4) y.set(ValueLayout.JAVA_FLOAT, yo, Widen.scalar(x, xo, type));
    }

    private static void fromI32(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        int i = 0;
        for (; i < bound; i += LANES, xo += LANES * 4L, yo += LANES * 4L) {
            Lanes.store((FloatVector) IntVector.fromMemorySegment(Species.I, x, xo, Lanes.NATIVE).convert(VectorOperators.I2F, 0), y, yo);
        }
        for (; i < n; i++, xo += 4, yo += 4) y.set(ValueLayout.JAVA_FLOAT, yo, (float) x.get(ValueLayout.JAVA_INT, xo));
    }

    private static void fromU8(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++, xo++, yo += 4) y.set(ValueLayout.JAVA_FLOAT, yo, x.get(ValueLayout.JAVA_BYTE, xo) & 0xFF);
    }
}
