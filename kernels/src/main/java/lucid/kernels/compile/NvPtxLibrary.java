package lucid.kernels.compile;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// The C interface of nvPTXCompiler 12.0, which JCuda's native library carries whole (it also exports it) and which needs neither a driver nor a
/// toolkit.
///
/// Bound through `java.lang.foreign` instead of JCuda's Java class, because that class unpacks its library to a fixed name in the shared temporary
/// folder without a lock: processes that start together crash on a half-written file, and a truncated leftover crashes the next start. Here the
/// library goes to a folder of this process alone, which is removed as soon as the loader holds the file.
final class NvPtxLibrary {
    static final String ARTIFACT = "jcuda-natives-12.6.0-linux-x86_64.jar";
    static final String RESOURCE = "/lib/libJNvPTXCompiler-12.6.0-linux-x86_64.so";

    private final MethodHandle version;
    private final MethodHandle create;
    private final MethodHandle destroy;
    private final MethodHandle compile;
    private final MethodHandle errorLogSize;
    private final MethodHandle errorLog;
    private final MethodHandle infoLogSize;
    private final MethodHandle infoLog;

    private NvPtxLibrary(SymbolLookup symbols) {
        FunctionDescriptor twoPointers = FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS);
        version = bind(symbols, "nvPTXCompilerGetVersion", twoPointers);
        create = bind(symbols, "nvPTXCompilerCreate", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS));
        destroy = bind(symbols, "nvPTXCompilerDestroy", FunctionDescriptor.of(JAVA_INT, ADDRESS));
        compile = bind(symbols, "nvPTXCompilerCompile", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
        errorLogSize = bind(symbols, "nvPTXCompilerGetErrorLogSize", twoPointers);
        errorLog = bind(symbols, "nvPTXCompilerGetErrorLog", twoPointers);
        infoLogSize = bind(symbols, "nvPTXCompilerGetInfoLogSize", twoPointers);
        infoLog = bind(symbols, "nvPTXCompilerGetInfoLog", twoPointers);
    }

    /// Loads the library for the life of the process.
    ///
    /// @throws UnsupportedOperationException when this platform has none, or the file is not on the class path: says which
    static NvPtxLibrary load() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        if (!os.contains("linux") || !(arch.equals("amd64") || arch.equals("x86_64"))) {
            throw new UnsupportedOperationException("nvPTXCompiler: this is " + os + " " + arch + ", and " + ARTIFACT + " holds " + RESOURCE
                    + " for linux x86_64 only; put a ptxas on the PATH to check kernels here");
        }
        try (InputStream in = NvPtxLibrary.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new UnsupportedOperationException("nvPTXCompiler: " + RESOURCE + " is not on the class path; add " + ARTIFACT
                        + " (org.jcuda:jcuda-natives)");
            }
            return load(in);
        } catch (IOException e) {
            throw new UnsupportedOperationException("nvPTXCompiler: " + RESOURCE + " cannot be unpacked to " + System.getProperty("java.io.tmpdir")
                    + ": " + e.getMessage(), e);
        }
    }

    private static NvPtxLibrary load(InputStream in) throws IOException {
        Path folder = Files.createTempDirectory("lucid-nvptx");
        Path file = folder.resolve("libnvptx.so");
        try {
            Files.copy(in, file);
            return new NvPtxLibrary(SymbolLookup.libraryLookup(file, Arena.global()));
        } catch (IllegalArgumentException e) {
            throw new UnsupportedOperationException("nvPTXCompiler: the system cannot load " + RESOURCE + " (it needs glibc 2.29 or newer): "
                    + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
    }

    private static MethodHandle bind(SymbolLookup symbols, String name, FunctionDescriptor type) {
        MemorySegment address = symbols.find(name).orElseThrow(() -> new UnsupportedOperationException("nvPTXCompiler: " + RESOURCE
                + " has no symbol " + name));
        return Linker.nativeLinker().downcallHandle(address, type);
    }

    String version() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment major = arena.allocate(JAVA_INT);
            MemorySegment minor = arena.allocate(JAVA_INT);
            check("nvPTXCompilerGetVersion", call(version, major, minor));
            return major.get(JAVA_INT, 0) + "." + minor.get(JAVA_INT, 0);
        }
    }

    /// Compiles and returns the log, error part first. The compiler keeps process-wide state, so one at a time.
    synchronized String compile(String text, String... options) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] source = text.getBytes(StandardCharsets.UTF_8);
            MemorySegment ptx = arena.allocate(source.length + 1L); // closed by the zero byte that its lexer wants
            MemorySegment.copy(source, 0, ptx, ValueLayout.JAVA_BYTE, 0, source.length);
            MemorySegment handle = arena.allocate(ADDRESS);
            check("nvPTXCompilerCreate", callCreate(handle, source.length + 1L, ptx));
            try {
                MemorySegment list = arena.allocate(ADDRESS, options.length);
                for (int i = 0; i < options.length; i++) list.setAtIndex(ADDRESS, i, arena.allocateFrom(options[i]));
                MemorySegment compiler = handle.get(ADDRESS, 0);
                int code = callCompile(compiler, options.length, list);
                String log = log(arena, compiler, errorLogSize, errorLog) + log(arena, compiler, infoLogSize, infoLog);
                if (code != 0 && log.isBlank()) throw new IllegalStateException("nvPTXCompilerCompile answered " + code + " and wrote no log");
                return log;
            } finally {
                check("nvPTXCompilerDestroy", callDestroy(handle));
            }
        }
    }

    private static String log(Arena arena, MemorySegment compiler, MethodHandle size, MethodHandle read) {
        MemorySegment bytes = arena.allocate(JAVA_LONG);
        check("nvPTXCompilerGet..LogSize", call(size, compiler, bytes));
        long length = bytes.get(JAVA_LONG, 0);
        if (length == 0) return "";
        MemorySegment text = arena.allocate(length + 1);
        check("nvPTXCompilerGet..Log", call(read, compiler, text));
        return text.getString(0) + "\n";
    }

    private static void check(String function, int code) {
        if (code != 0) throw new IllegalStateException(function + " answered " + code + "; wanted 0");
    }

    private static int call(MethodHandle handle, MemorySegment a, MemorySegment b) {
        try {
            return (int) handle.invokeExact(a, b);
        } catch (Throwable e) {
            throw new IllegalStateException("nvPTXCompiler: the call failed", e);
        }
    }

    private int callCreate(MemorySegment handle, long length, MemorySegment ptx) {
        try {
            return (int) create.invokeExact(handle, length, ptx);
        } catch (Throwable e) {
            throw new IllegalStateException("nvPTXCompilerCreate failed", e);
        }
    }

    private int callCompile(MemorySegment compiler, int options, MemorySegment list) {
        try {
            return (int) compile.invokeExact(compiler, options, list);
        } catch (Throwable e) {
            throw new IllegalStateException("nvPTXCompilerCompile failed", e);
        }
    }

    private int callDestroy(MemorySegment handle) {
        try {
            return (int) destroy.invokeExact(handle);
        } catch (Throwable e) {
            throw new IllegalStateException("nvPTXCompilerDestroy failed", e);
        }
    }
}
