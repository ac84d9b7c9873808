package lucid.kernels.ptx.steps.lanes;

import java.lang.invoke.MethodHandles;
import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;

/// Loops over the lanes of one bank of registers.
/// [Lanes] defines a copy of a class here for every function; the classes themselves are never initialised.
final class Loops {
    private Loops() {}

    /// `d = F(a)` on words.
    static final class Word1 implements Step {
        private static final IntUnaryOperator F = Lanes.function(MethodHandles.lookup(), IntUnaryOperator.class);
        private final int d, a;

        Word1(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
        }

        @Override
        public int run(Warp warp, int mask) {
            int[] r = warp.words;
            if (mask == -1) {
                for (int l = 0; l < 32; l++) {
                    r[d + l] = F.applyAsInt(r[a + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    r[d + l] = F.applyAsInt(r[a + l]);
                }
            }
            return NEXT;
        }
    }

    /// `d = F(a, b)` on words.
    static final class Word2 implements Step {
        private static final IntBinaryOperator F = Lanes.function(MethodHandles.lookup(), IntBinaryOperator.class);
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
                for (int l = 0; l < 32; l++) {
                    r[d + l] = F.applyAsInt(r[a + l], r[b + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    r[d + l] = F.applyAsInt(r[a + l], r[b + l]);
                }
            }
            return NEXT;
        }
    }

    /// `d = F(a, b, c)` on words.
    static final class Word3 implements Step {
        private static final Lanes.IntTernary F = Lanes.function(MethodHandles.lookup(), Lanes.IntTernary.class);
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
                for (int l = 0; l < 32; l++) {
                    r[d + l] = F.apply(r[a + l], r[b + l], r[c + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    r[d + l] = F.apply(r[a + l], r[b + l], r[c + l]);
                }
            }
            return NEXT;
        }
    }

    /// `d = F(a)` on wides.
    static final class Wide1 implements Step {
        private static final LongUnaryOperator F = Lanes.function(MethodHandles.lookup(), LongUnaryOperator.class);
        private final int d, a;

        Wide1(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
        }

        @Override
        public int run(Warp warp, int mask) {
            long[] x = warp.wides;
            if (mask == -1) {
                for (int l = 0; l < 32; l++) {
                    x[d + l] = F.applyAsLong(x[a + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    x[d + l] = F.applyAsLong(x[a + l]);
                }
            }
            return NEXT;
        }
    }

    /// `d = F(a, b)` on wides.
    static final class Wide2 implements Step {
        private static final LongBinaryOperator F = Lanes.function(MethodHandles.lookup(), LongBinaryOperator.class);
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
                for (int l = 0; l < 32; l++) {
                    x[d + l] = F.applyAsLong(x[a + l], x[b + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    x[d + l] = F.applyAsLong(x[a + l], x[b + l]);
                }
            }
            return NEXT;
        }
    }

    /// `d = F(a, b, c)` on wides.
    static final class Wide3 implements Step {
        private static final Lanes.LongTernary F = Lanes.function(MethodHandles.lookup(), Lanes.LongTernary.class);
        private final int d, a, b, c;

        Wide3(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
            this.b = b;
            this.c = c;
        }

        @Override
        public int run(Warp warp, int mask) {
            long[] x = warp.wides;
            if (mask == -1) {
                for (int l = 0; l < 32; l++) {
                    x[d + l] = F.apply(x[a + l], x[b + l], x[c + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    x[d + l] = F.apply(x[a + l], x[b + l], x[c + l]);
                }
            }
            return NEXT;
        }
    }

    /// Comparison of words.
    static final class WordTest implements LaneTest {
        private static final Lanes.IntTest F = Lanes.function(MethodHandles.lookup(), Lanes.IntTest.class);
        private final int a, b;

        WordTest(int d, int a, int b, int c) {
            this.a = a;
            this.b = b;
        }

        @Override
        public int lanes(Warp warp) {
            int[] r = warp.words;
            int lanes = 0;
            for (int l = 0; l < 32; l++) {
                lanes |= (F.test(r[a + l], r[b + l]) ? 1 : 0) << l;
            }
            return lanes;
        }
    }

    /// Comparison of wides.
    static final class WideTest implements LaneTest {
        private static final Lanes.LongTest F = Lanes.function(MethodHandles.lookup(), Lanes.LongTest.class);
        private final int a, b;

        WideTest(int d, int a, int b, int c) {
            this.a = a;
            this.b = b;
        }

        @Override
        public int lanes(Warp warp) {
            long[] x = warp.wides;
            int lanes = 0;
            for (int l = 0; l < 32; l++) {
                lanes |= (F.test(x[a + l], x[b + l]) ? 1 : 0) << l;
            }
            return lanes;
        }
    }
}
