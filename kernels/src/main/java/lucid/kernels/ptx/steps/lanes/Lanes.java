package lucid.kernels.ptx.steps.lanes;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntBinaryOperator;
import java.util.function.IntToLongFunction;
import java.util.function.IntUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongToIntFunction;
import java.util.function.LongUnaryOperator;
import lucid.kernels.ptx.machine.Step;

/// Steps that apply one pure function of 32- or 64-bit values to every lane.
///
/// A loop that is shared by all functions would call each of them through a megamorphic call site, 32 times a step (about 3 ns each).
/// So every function gets its own copy of the loop: the loop's class is defined once more as a hidden class whose class data is
/// the function, which the compiler then sees as a constant and inlines. Functions must carry no state (lambdas that capture nothing, and the records
/// of [Vectors]): the copies are kept for ever, by function.
public final class Lanes {
    /// Three words to one.
    @FunctionalInterface
    public interface IntTernary {
        int apply(int a, int b, int c);
    }

    /// Three wides to one.
    @FunctionalInterface
    public interface LongTernary {
        long apply(long a, long b, long c);
    }

    /// Two words to a wide.
    @FunctionalInterface
    public interface IntsToLong {
        long apply(int a, int b);
    }

    /// A wide and a word to a wide.
    @FunctionalInterface
    public interface LongInt {
        long apply(long a, int b);
    }

    /// Two words and a wide to a wide.
    @FunctionalInterface
    public interface IntsLong {
        long apply(int a, int b, long c);
    }

    /// A comparison of words.
    @FunctionalInterface
    public interface IntTest {
        boolean test(int a, int b);
    }

    /// A comparison of wides.
    @FunctionalInterface
    public interface LongTest {
        boolean test(long a, long b);
    }

    private record Key(Class<?> template, Object function) {}

    private static final Map<Key, MethodHandle> LOOPS = new ConcurrentHashMap<>();

    private Lanes() {}

    /// `d = f(a)`.
    public static Step words(int d, int a, IntUnaryOperator f) {
        return (Step) create(vector(f) ? VectorLoops.Word1.class : Loops.Word1.class, f, d, a, 0, 0);
    }

    /// `d = f(a, b)`.
    public static Step words(int d, int a, int b, IntBinaryOperator f) {
        return (Step) create(vector(f) ? VectorLoops.Word2.class : Loops.Word2.class, f, d, a, b, 0);
    }

    /// `d = f(a, b, c)`.
    public static Step words(int d, int a, int b, int c, IntTernary f) {
        return (Step) create(vector(f) ? VectorLoops.Word3.class : Loops.Word3.class, f, d, a, b, c);
    }

    public static Step wides(int d, int a, LongUnaryOperator f) {
        return (Step) create(Loops.Wide1.class, f, d, a, 0, 0);
    }

    public static Step wides(int d, int a, int b, LongBinaryOperator f) {
        return (Step) create(vector(f) ? VectorLoops.Wide2.class : Loops.Wide2.class, f, d, a, b, 0);
    }

    public static Step wides(int d, int a, int b, int c, LongTernary f) {
        return (Step) create(Loops.Wide3.class, f, d, a, b, c);
    }

    /// A wide from a word.
    public static Step widen(int d, int a, IntToLongFunction f) {
        return (Step) create(WideLoops.Widen1.class, f, d, a, 0, 0);
    }

    /// A wide from two words.
    public static Step widen(int d, int a, int b, IntsToLong f) {
        return (Step) create(vector(f) ? VectorLoops.Widen2.class : WideLoops.Widen2.class, f, d, a, b, 0);
    }

    /// A wide from two words and a wide.
    public static Step widen(int d, int a, int b, int c, IntsLong f) {
        return (Step) create(WideLoops.Widen3.class, f, d, a, b, c);
    }

    /// A wide from a wide and a word.
    public static Step shift(int d, int a, int b, LongInt f) {
        return (Step) create(WideLoops.Shift.class, f, d, a, b, 0);
    }

    /// A word from a wide.
    public static Step narrow(int d, int a, LongToIntFunction f) {
        return (Step) create(WideLoops.Narrow1.class, f, d, a, 0, 0);
    }

    /// The lanes for which a comparison of two words holds.
    public static LaneTest testWords(int a, int b, IntTest f) {
        return (LaneTest) create(vector(f) ? VectorLoops.WordTest.class : Loops.WordTest.class, f, 0, a, b, 0);
    }

    /// The lanes for which a comparison of two wides holds.
    public static LaneTest testWides(int a, int b, LongTest f) {
        return (LaneTest) create(Loops.WideTest.class, f, 0, a, b, 0);
    }

    /// Whether the function comes from [Vectors], and vectors are to be used.
    private static boolean vector(Object f) {
        return Vectors.FAST && f instanceof Record;
    }

    private static Object create(Class<?> template, Object f, int d, int a, int b, int c) {
        MethodHandle constructor = LOOPS.computeIfAbsent(new Key(template, f), Lanes::copy);
        try {
            return constructor.invoke(d, a, b, c);
        } catch (Throwable e) {
            throw new IllegalStateException("cannot create a " + template.getSimpleName(), e);
        }
    }

    private static MethodHandle copy(Key key) {
        if (key.function().getClass().getDeclaredFields().length != 0 && !(key.function() instanceof Record)) {
            throw new IllegalStateException("a lane function must carry no state: " + key.function());
        }
        String file = key.template().getName().substring(key.template().getPackageName().length() + 1) + ".class";
        try (InputStream in = Lanes.class.getResourceAsStream(file)) {
            var lookup = MethodHandles.lookup().defineHiddenClassWithClassData(in.readAllBytes(), key.function(), true);
            return lookup.findConstructor(lookup.lookupClass(), MethodType.methodType(void.class, int.class, int.class, int.class, int.class));
        } catch (IOException | ReflectiveOperationException e) {
            throw new IllegalStateException("cannot define a copy of " + file, e);
        }
    }

    /// The function of the copy that is being initialised.
    static <T> T function(MethodHandles.Lookup lookup, Class<T> type) {
        try {
            return MethodHandles.classData(lookup, "_", type);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("a loop was not defined through Lanes", e);
        }
    }
}
