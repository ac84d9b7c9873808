package lucid.kernels.host;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/// Functions of the C library. None of them throws.
final class CLibrary {
    private static final Linker LINKER = Linker.nativeLinker();

    private CLibrary() {}

    static MethodHandle function(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
    }

    interface Call<T> {
        T run() throws Throwable;
    }

    static <T> T call(Call<T> call) {
        try {
            return call.run();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new IllegalStateException("the C library: " + t.getMessage(), t);
        }
    }
}
