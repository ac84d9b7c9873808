package lucid.kernels.ptx.steps.lanes;

import java.lang.invoke.MethodHandles;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;

/// The loops of [Loops] and [WideLoops] for functions that have a vector form ([Vectors]). C2 does not turn the plain loops into vector code: for all
/// it knows the rows of the one register file that they read and write could overlap shifted.
///
/// Inactive lanes are computed too and keep what they held. [Lanes] defines a copy of a class here for every function; the classes themselves are
/// never initialised.
final class VectorLoops {
    private VectorLoops() {}

    /// `d = F(a)` on words.
    static final class Word1 implements Step {
        private static final UnaryOperator<IntVector> F = Lanes.function(MethodHandles.lookup(), Vectors.Word1.class).vector();
        private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
        private final int d, a;

        Word1(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
        }

        @Override
        public int run(Warp warp, int mask) {
            int[] r = warp.words;
            if (mask == -1) {
                for (int l = 0; l < 32; l += I.length()) {
                    F.apply(IntVector.fromArray(I, r, a + l)).intoArray(r, d + l);
                }
            } else {
                for (int l = 0; l < 32; l += I.length()) {
                    IntVector result = F.apply(IntVector.fromArray(I, r, a + l));
                    IntVector.fromArray(I, r, d + l).blend(result, VectorMask.fromLong(I, mask >>> l)).intoArray(r, d + l);
                }
            }
            return NEXT;
        }
    }

    /// `d = F(a, b)` on words.
    static final class Word2 implements Step {
        private static final BinaryOperator<IntVector> F = Lanes.function(MethodHandles.lookup(), Vectors.Word2.class).vector();
        private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
        private final int d, a, b;

        Word2(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
            this.b = b;
        }

        @Override
        public int run(Warp warp, int mask) {
            int[] r = warp.words;
            if (mask == -1) {
                for (int l = 0; l < 32; l += I.length()) {
                    F.apply(IntVector.fromArray(I, r, a + l), IntVector.fromArray(I, r, b + l)).intoArray(r, d + l);
                }
            } else {
                for (int l = 0; l < 32; l += I.length()) {
                    IntVector result = F.apply(IntVector.fromArray(I, r, a + l), IntVector.fromArray(I, r, b + l));
                    IntVector.fromArray(I, r, d + l).blend(result, VectorMask.fromLong(I, mask >>> l)).intoArray(r, d + l);
                }
            }
            return NEXT;
        }
    }

    /// `d = F(a, b, c)` on words.
    static final class Word3 implements Step {
        private static final Vectors.Ternary F = Lanes.function(MethodHandles.lookup(), Vectors.Word3.class).vector();
        private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
        private final int d, a, b, c;

        Word3(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
            this.b = b;
            this.c = c;
        }

        @Override
        public int run(Warp warp, int mask) {
            int[] r = warp.words;
            if (mask == -1) {
                for (int l = 0; l < 32; l += I.length()) {
                    F.apply(IntVector.fromArray(I, r, a + l), IntVector.fromArray(I, r, b + l), IntVector.fromArray(I, r, c + l)).intoArray(r, d + l);
                }
            } else {
                for (int l = 0; l < 32; l += I.length()) {
                    IntVector result = F.apply(IntVector.fromArray(I, r, a + l), IntVector.fromArray(I, r, b + l), IntVector.fromArray(I, r, c + l));
                    IntVector.fromArray(I, r, d + l).blend(result, VectorMask.fromLong(I, mask >>> l)).intoArray(r, d + l);
                }
            }
            return NEXT;
        }
    }

    /// `d = F(a, b)` on wides.
    static final class Wide2 implements Step {
        private static final BinaryOperator<LongVector> F = Lanes.function(MethodHandles.lookup(), Vectors.Wide2.class).vector();
        private static final VectorSpecies<Long> J = LongVector.SPECIES_PREFERRED;
        private final int d, a, b;

        Wide2(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
            this.b = b;
        }

        @Override
        public int run(Warp warp, int mask) {
            long[] x = warp.wides;
            if (mask == -1) {
                for (int l = 0; l < 32; l += J.length()) {
                    F.apply(LongVector.fromArray(J, x, a + l), LongVector.fromArray(J, x, b + l)).intoArray(x, d + l);
                }
            } else {
                for (int l = 0; l < 32; l += J.length()) {
                    LongVector result = F.apply(LongVector.fromArray(J, x, a + l), LongVector.fromArray(J, x, b + l));
                    LongVector.fromArray(J, x, d + l).blend(result, VectorMask.fromLong(J, mask >>> l)).intoArray(x, d + l);
                }
            }
            return NEXT;
        }
    }

    /// A wide from two words that become wides first.
    static final class Widen2 implements Step {
        private static final Vectors.Widen2 F = Lanes.function(MethodHandles.lookup(), Vectors.Widen2.class);
        private static final VectorSpecies<Long> J = LongVector.SPECIES_PREFERRED;
        private static final VectorSpecies<Integer> I = Vectors.HALF;
        private final int d, a, b;

        Widen2(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
            this.b = b;
        }

        @Override
        public int run(Warp warp, int mask) {
            int[] r = warp.words;
            long[] x = warp.wides;
            for (int l = 0; l < 32; l += J.length()) {
                var left = (LongVector) IntVector.fromArray(I, r, a + l).convertShape(F.extend(), J, 0);
                var right = (LongVector) IntVector.fromArray(I, r, b + l).convertShape(F.extend(), J, 0);
                LongVector result = F.vector().apply(left, right);
                if (mask == -1) {
                    result.intoArray(x, d + l);
                } else {
                    LongVector.fromArray(J, x, d + l).blend(result, VectorMask.fromLong(J, mask >>> l)).intoArray(x, d + l);
                }
            }
            return NEXT;
        }
    }

    /// Comparison of words.
    static final class WordTest implements LaneTest {
        private static final Vectors.Comparison F = Lanes.function(MethodHandles.lookup(), Vectors.Test.class).vector();
        private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
        private final int a, b;

        WordTest(int d, int a, int b, int c) {
            this.a = a;
            this.b = b;
        }

        @Override
        public int lanes(Warp warp) {
            int[] r = warp.words;
            int lanes = 0;
            for (int l = 0; l < 32; l += I.length()) {
                lanes |= (int) F.test(IntVector.fromArray(I, r, a + l), IntVector.fromArray(I, r, b + l)).toLong() << l;
            }
            return lanes;
        }
    }
}
