package lucid.kernels.simd.matmul;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.simd.vector.Species;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Runs the `@Test` methods of one class and says how many there were: what [WidthsTest] starts in JVMs of their own. A plain loop, because JUnit's
/// own launcher is on the class path of the build tool, not of the tests.
final class TestMethods {
    private TestMethods() {}

    static List<Method> of(Class<?> tests) {
        return Arrays.stream(tests.getDeclaredMethods()).filter(m -> m.isAnnotationPresent(Test.class)).toList();
    }

    /// @param args the name of the class, and the width that the vectors must have
    public static void main(String[] args) throws Throwable {
        Class<?> tests = Class.forName(args[0]);
        if (Species.BITS != Integer.parseInt(args[1])) throw new IllegalStateException("vectors of " + Species.BITS + " bits, wanted " + args[1]);
        for (Method test : of(tests)) run(tests, test);
        System.out.print(of(tests).size());
    }

    private static void run(Class<?> tests, Method test) throws Throwable {
        var constructor = tests.getDeclaredConstructor();
        constructor.setAccessible(true);
        Object instance = constructor.newInstance();
        try {
            test.setAccessible(true);
            test.invoke(instance);
        } catch (InvocationTargetException e) {
            throw new AssertionError(test.getName() + ": " + e.getCause().getMessage(), e.getCause());
        } finally {
            for (Method after : tests.getDeclaredMethods()) {
                if (after.isAnnotationPresent(AfterEach.class)) {
                    after.setAccessible(true);
                    after.invoke(instance);
                }
            }
        }
    }
}
