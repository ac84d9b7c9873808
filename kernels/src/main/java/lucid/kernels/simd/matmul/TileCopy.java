package lucid.kernels.simd.matmul;

import java.io.IOException;
import java.io.InputStream;
import java.lang.constant.ConstantDescs;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/// Hidden classes of the same bytes as a register tile's: same code, own compilation, and a constant of their own that says whether a right factor is
/// f32 or bf16.
///
/// A constant, because an argument is a trap: a tile that HotSpot compiled while it had met one of the two has half the speed once it has met the
/// other, and two kinds of loads in one loop are more than it inlines: every vector is an object then.
final class TileCopy {
    private TileCopy() {}

    /// A static method of another copy of `tile`, whose right factors are bf16 if `narrow`.
    static MethodHandle of(Class<?> tile, boolean narrow, String method, MethodType type) {
        try (InputStream in = tile.getResourceAsStream(tile.getSimpleName() + ".class")) {
            MethodHandles.Lookup copy = MethodHandles.lookup().defineHiddenClassWithClassData(in.readAllBytes(), narrow, true);
            return copy.findStatic(copy.lookupClass(), method, type);
        } catch (IOException | ReflectiveOperationException e) {
            throw new IllegalStateException("a copy of " + tile.getSimpleName() + " cannot be loaded: " + e.getMessage(), e);
        }
    }

    /// Whether the right factors of a tile's class are f32, as those of the class itself are; for its static initialiser.
    static boolean wide(MethodHandles.Lookup tile) {
        try {
            Boolean narrow = MethodHandles.classData(tile, ConstantDescs.DEFAULT_NAME, Boolean.class);
            return narrow == null || !narrow;
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /// What a tile threw, which throws nothing that is checked.
    static RuntimeException failure(Throwable thrown) {
        if (thrown instanceof RuntimeException e) return e;
        if (thrown instanceof Error e) throw e;
        return new IllegalStateException("register tile: " + thrown.getMessage(), thrown);
    }
}
