package lucid.kernels.ptx.steps.lanes;

import java.lang.invoke.MethodHandles;
import java.util.function.IntToLongFunction;
import java.util.function.LongToIntFunction;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;

/// Loops over the lanes of both banks of registers.
/// [Lanes] defines a copy of a class here for every function; the classes themselves are never initialised.
final class WideLoops {
    private WideLoops() {}

    /// A wide from a word.
    static final class Widen1 implements Step {
        private static final IntToLongFunction F = Lanes.function(MethodHandles.lookup(), IntToLongFunction.class);
        private final int d, a;

        Widen1(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
        }

        @Override
        public int run(Warp warp, int mask) {
            int[] r = warp.words;
            long[] x = warp.wides;
            if (mask == -1) {
                for (int l = 0; l < 32; l++) {
                    x[d + l] = F.applyAsLong(r[a + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    x[d + l] = F.applyAsLong(r[a + l]);
                }
            }
            return NEXT;
        }
    }

    /// A wide from two words.
    static final class Widen2 implements Step {
        private static final Lanes.IntsToLong F = Lanes.function(MethodHandles.lookup(), Lanes.IntsToLong.class);
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
            if (mask == -1) {
                for (int l = 0; l < 32; l++) {
                    x[d + l] = F.apply(r[a + l], r[b + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    x[d + l] = F.apply(r[a + l], r[b + l]);
                }
            }
            return NEXT;
        }
    }

    /// A wide from two words and a wide.
    static final class Widen3 implements Step {
        private static final Lanes.IntsLong F = Lanes.function(MethodHandles.lookup(), Lanes.IntsLong.class);
        private final int d, a, b, c;

        Widen3(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
            this.b = b;
            this.c = c;
        }

        @Override
        public int run(Warp warp, int mask) {
            int[] r = warp.words;
            long[] x = warp.wides;
            if (mask == -1) {
                for (int l = 0; l < 32; l++) {
                    x[d + l] = F.apply(r[a + l], r[b + l], x[c + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    x[d + l] = F.apply(r[a + l], r[b + l], x[c + l]);
                }
            }
            return NEXT;
        }
    }

    /// A wide from a wide and a word.
    static final class Shift implements Step {
        private static final Lanes.LongInt F = Lanes.function(MethodHandles.lookup(), Lanes.LongInt.class);
        private final int d, a, b;

        Shift(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
            this.b = b;
        }

        @Override
        public int run(Warp warp, int mask) {
            int[] r = warp.words;
            long[] x = warp.wides;
            if (mask == -1) {
                for (int l = 0; l < 32; l++) {
                    x[d + l] = F.apply(x[a + l], r[b + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    x[d + l] = F.apply(x[a + l], r[b + l]);
                }
            }
            return NEXT;
        }
    }

    /// A word from a wide.
    static final class Narrow1 implements Step {
        private static final LongToIntFunction F = Lanes.function(MethodHandles.lookup(), LongToIntFunction.class);
        private final int d, a;

        Narrow1(int d, int a, int b, int c) {
            this.d = d;
            this.a = a;
        }

        @Override
        public int run(Warp warp, int mask) {
            int[] r = warp.words;
            long[] x = warp.wides;
            if (mask == -1) {
                for (int l = 0; l < 32; l++) {
                    r[d + l] = F.applyAsInt(x[a + l]);
                }
            } else {
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    r[d + l] = F.applyAsInt(x[a + l]);
                }
            }
            return NEXT;
        }
    }
}
