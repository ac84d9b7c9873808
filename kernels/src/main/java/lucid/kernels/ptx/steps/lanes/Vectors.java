package lucid.kernels.ptx.steps.lanes;

import static java.lang.Float.intBitsToFloat;

import java.util.function.BinaryOperator;
import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import lucid.kernels.ptx.steps.scalar.Binary32;
import lucid.kernels.ptx.steps.scalar.Integers;

/// The lane functions that kernels use most, each in two forms of the same bits: of one lane, and of a vector of lanes for [VectorLoops].
public final class Vectors {
    /// Whether vectors are wide enough to be used: at least four words.
    static final boolean FAST = IntVector.SPECIES_PREFERRED.length() >= 4;
    /// As many words as a vector has wides.
    public static final VectorSpecies<Integer> HALF = VectorSpecies.of(int.class,
            VectorShape.forBitSize(Math.max(64, LongVector.SPECIES_PREFERRED.vectorBitSize() / 2)));

    /// Three vectors to one.
    @FunctionalInterface
    interface Ternary {
        IntVector apply(IntVector a, IntVector b, IntVector c);
    }

    /// A comparison of vectors.
    @FunctionalInterface
    interface Comparison {
        VectorMask<Integer> test(IntVector a, IntVector b);
    }

    /// Records, because only their fields are constants to the compiler; so that both forms are inlined.
    record Word1(IntUnaryOperator scalar, UnaryOperator<IntVector> vector) implements IntUnaryOperator {
        @Override public int applyAsInt(int a) { return scalar.applyAsInt(a); }
    }

    record Word2(IntBinaryOperator scalar, BinaryOperator<IntVector> vector) implements IntBinaryOperator {
        @Override public int applyAsInt(int a, int b) { return scalar.applyAsInt(a, b); }
    }

    record Word3(Lanes.IntTernary scalar, Ternary vector) implements Lanes.IntTernary {
        @Override public int apply(int a, int b, int c) { return scalar.apply(a, b, c); }
    }

    record Wide2(LongBinaryOperator scalar, BinaryOperator<LongVector> vector) implements LongBinaryOperator {
        @Override public long applyAsLong(long a, long b) { return scalar.applyAsLong(a, b); }
    }

    /// @param extend how the words become wides, before the vector form
    record Widen2(Lanes.IntsToLong scalar, VectorOperators.Conversion<Integer, Long> extend,
            BinaryOperator<LongVector> vector) implements Lanes.IntsToLong {
        @Override public long apply(int a, int b) { return scalar.apply(a, b); }
    }

    record Test(Lanes.IntTest scalar, Comparison vector) implements Lanes.IntTest {
        @Override public boolean test(int a, int b) { return scalar.test(a, b); }
    }

    public static final Word1 COPY = new Word1(a -> a, a -> a);
    public static final Word2 AND = new Word2((a, b) -> a & b, IntVector::and);
    public static final Word2 OR = new Word2((a, b) -> a | b, IntVector::or);
    public static final Word2 XOR = new Word2((a, b) -> a ^ b, (a, b) -> a.lanewise(VectorOperators.XOR, b));
    public static final Word2 ADD = new Word2(Integer::sum, IntVector::add);
    public static final Word2 SUB = new Word2((a, b) -> a - b, IntVector::sub);
    public static final Word2 MUL = new Word2((a, b) -> a * b, IntVector::mul);
    public static final Word2 MIN = new Word2(Math::min, IntVector::min);
    public static final Word2 MAX = new Word2(Math::max, IntVector::max);
    public static final Word3 MAD = new Word3((a, b, c) -> a * b + c, (a, b, c) -> a.mul(b).add(c));
    public static final Word2 SHL = new Word2((a, n) -> beyond(n) ? 0 : a << n, (a, n) -> a.lanewise(VectorOperators.LSHL, n).blend(0, beyond(n)));
    public static final Word2 SHR = new Word2((a, n) -> beyond(n) ? 0 : a >>> n, (a, n) -> a.lanewise(VectorOperators.LSHR, n).blend(0, beyond(n)));
    public static final Word2 SAR = new Word2((a, n) -> a >> (beyond(n) ? 31 : n),
            (a, n) -> a.lanewise(VectorOperators.ASHR, n.blend(31, beyond(n))));
    public static final Wide2 ADD_WIDE = new Wide2(Long::sum, LongVector::add);
    public static final Wide2 SUB_WIDE = new Wide2((a, b) -> a - b, LongVector::sub);
    public static final Widen2 MUL_SIGNED = new Widen2((a, b) -> (long) a * b, VectorOperators.I2L, LongVector::mul);
    public static final Widen2 MUL_UNSIGNED = new Widen2((a, b) -> Integers.unsigned(a) * Integers.unsigned(b), VectorOperators.ZERO_EXTEND_I2L,
            LongVector::mul);

    public static final Word2 ADD_F32 = new Word2((a, b) -> Binary32.bits(intBitsToFloat(a) + intBitsToFloat(b)),
            (a, b) -> bits(floats(a).add(floats(b))));
    public static final Word2 SUB_F32 = new Word2((a, b) -> Binary32.bits(intBitsToFloat(a) - intBitsToFloat(b)),
            (a, b) -> bits(floats(a).sub(floats(b))));
    public static final Word2 MUL_F32 = new Word2((a, b) -> Binary32.bits(intBitsToFloat(a) * intBitsToFloat(b)),
            (a, b) -> bits(floats(a).mul(floats(b))));
    public static final Word3 FMA_F32 = new Word3((a, b, c) -> Binary32.bits(Math.fma(intBitsToFloat(a), intBitsToFloat(b), intBitsToFloat(c))),
            (a, b, c) -> bits(floats(a).fma(floats(b), floats(c))));
    public static final Word2 ADD_FTZ = new Word2((a, b) -> flush(ADD_F32.applyAsInt(flush(a), flush(b))),
            (a, b) -> flush(ADD_F32.vector.apply(flush(a), flush(b))));
    public static final Word2 SUB_FTZ = new Word2((a, b) -> flush(SUB_F32.applyAsInt(flush(a), flush(b))),
            (a, b) -> flush(SUB_F32.vector.apply(flush(a), flush(b))));
    public static final Word2 MUL_FTZ = new Word2((a, b) -> flush(MUL_F32.applyAsInt(flush(a), flush(b))),
            (a, b) -> flush(MUL_F32.vector.apply(flush(a), flush(b))));
    public static final Word3 FMA_FTZ = new Word3((a, b, c) -> flush(FMA_F32.apply(flush(a), flush(b), flush(c))),
            (a, b, c) -> flush(FMA_F32.vector.apply(flush(a), flush(b), flush(c))));
    public static final Word2 MIN_F32 = new Word2(Binary32::min, (a, b) -> bits(withoutNan(floats(a).min(floats(b)), floats(a), floats(b))));
    public static final Word2 MAX_F32 = new Word2(Binary32::max, (a, b) -> bits(withoutNan(floats(a).max(floats(b)), floats(a), floats(b))));

    public static final Test EQ = new Test((a, b) -> a == b, (a, b) -> a.compare(VectorOperators.EQ, b));
    public static final Test NE = new Test((a, b) -> a != b, (a, b) -> a.compare(VectorOperators.NE, b));
    public static final Test LT = new Test((a, b) -> a < b, (a, b) -> a.compare(VectorOperators.LT, b));
    public static final Test LE = new Test((a, b) -> a <= b, (a, b) -> a.compare(VectorOperators.LE, b));
    public static final Test GT = new Test((a, b) -> a > b, (a, b) -> a.compare(VectorOperators.GT, b));
    public static final Test GE = new Test((a, b) -> a >= b, (a, b) -> a.compare(VectorOperators.GE, b));
    public static final Test LT_UNSIGNED = new Test((a, b) -> Integer.compareUnsigned(a, b) < 0, (a, b) -> a.compare(VectorOperators.ULT, b));
    public static final Test LE_UNSIGNED = new Test((a, b) -> Integer.compareUnsigned(a, b) <= 0, (a, b) -> a.compare(VectorOperators.ULE, b));
    public static final Test GT_UNSIGNED = new Test((a, b) -> Integer.compareUnsigned(a, b) > 0, (a, b) -> a.compare(VectorOperators.UGT, b));
    public static final Test GE_UNSIGNED = new Test((a, b) -> Integer.compareUnsigned(a, b) >= 0, (a, b) -> a.compare(VectorOperators.UGE, b));
    public static final Test EQ_F32 = new Test((a, b) -> intBitsToFloat(a) == intBitsToFloat(b),
            (a, b) -> floats(a).compare(VectorOperators.EQ, floats(b)).cast(a.species()));
    public static final Test LT_F32 = new Test((a, b) -> intBitsToFloat(a) < intBitsToFloat(b),
            (a, b) -> floats(a).compare(VectorOperators.LT, floats(b)).cast(a.species()));
    public static final Test LE_F32 = new Test((a, b) -> intBitsToFloat(a) <= intBitsToFloat(b),
            (a, b) -> floats(a).compare(VectorOperators.LE, floats(b)).cast(a.species()));
    public static final Test GT_F32 = new Test((a, b) -> intBitsToFloat(a) > intBitsToFloat(b),
            (a, b) -> floats(a).compare(VectorOperators.GT, floats(b)).cast(a.species()));
    public static final Test GE_F32 = new Test((a, b) -> intBitsToFloat(a) >= intBitsToFloat(b),
            (a, b) -> floats(a).compare(VectorOperators.GE, floats(b)).cast(a.species()));

    private static final float NAN = intBitsToFloat(Binary32.NAN);

    private Vectors() {}

    /// A shift by this amount, which is unsigned, leaves nothing.
    private static boolean beyond(int amount) { return (amount & -32) != 0; }

    private static VectorMask<Integer> beyond(IntVector amount) { return amount.and(-32).compare(VectorOperators.NE, 0); }

    private static FloatVector floats(IntVector bits) { return bits.reinterpretAsFloats(); }

    /// [Binary32#bits].
    private static IntVector bits(FloatVector x) { return x.blend(NAN, x.compare(VectorOperators.NE, x)).reinterpretAsInts(); }

    private static int flush(int bits) { return Binary32.flush(bits); }

    private static IntVector flush(IntVector bits) {
        return bits.blend(bits.and(Integer.MIN_VALUE), bits.and(0x7f800000).compare(VectorOperators.EQ, 0));
    }

    /// The extremum of two numbers; a NaN loses against a number.
    private static FloatVector withoutNan(FloatVector extremum, FloatVector a, FloatVector b) {
        return extremum.blend(a, b.compare(VectorOperators.NE, b)).blend(b, a.compare(VectorOperators.NE, a));
    }
}
