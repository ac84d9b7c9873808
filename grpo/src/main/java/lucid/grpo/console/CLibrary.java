package lucid.grpo.console;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.OptionalInt;

/// What Java neither tells nor does, asked of the C library.
final class CLibrary {
    static final int STANDARD_INPUT = 0;
    static final int STANDARD_OUTPUT = 1;
    static final int STANDARD_ERROR = 2;
    /// Asks a terminal for its size.
    private static final long TIOCGWINSZ = System.getProperty("os.name").startsWith("Mac") ? 0x40087468L : 0x5413L;
    private static final Linker.Option[] VARIADIC_AFTER_TWO = {Linker.Option.firstVariadicArg(2)};
    private static final int SIGINT = 2;
    private static final int SIGTERM = 15;
    private static final MemorySegment SIG_DFL = MemorySegment.NULL;

    private CLibrary() {}

    /// Whether a standard stream is a terminal, wherever the other two go. No where nobody knows.
    static boolean isTerminal(int stream) {
        SymbolLookup c = Linker.nativeLinker().defaultLookup();
        return call(c.find("isatty").or(() -> c.find("_isatty")), JAVA_INT, new ValueLayout[] {JAVA_INT}, new Linker.Option[0], stream)
                .filter(yes -> !yes.equals(0)).isPresent();
    }

    /// How wide the terminal is that a standard stream goes to. Nothing where it goes elsewhere, or nobody knows.
    static OptionalInt columns(int stream) {
        try (Arena arena = Arena.ofConfined()) {
            // struct winsize: rows, columns, and both in pixels.
            MemorySegment size = arena.allocate(JAVA_SHORT, 4);
            boolean told = call(Linker.nativeLinker().defaultLookup().find("ioctl"), JAVA_INT, new ValueLayout[] {JAVA_INT, JAVA_LONG, ADDRESS},
                    VARIADIC_AFTER_TWO, stream, TIOCGWINSZ, size).filter(yes -> yes.equals(0)).isPresent();
            int columns = Short.toUnsignedInt(size.getAtIndex(JAVA_SHORT, 1));
            return told && columns > 0 ? OptionalInt.of(columns) : OptionalInt.empty();
        }
    }

    /// From now on Ctrl-C and a polite kill end the process at once. A virtual machine that is shutting down would not act on them any more.
    static void endAtNextSignal() {
        for (int signal : new int[] {SIGINT, SIGTERM}) {
            call(Linker.nativeLinker().defaultLookup().find("signal"), ADDRESS, new ValueLayout[] {JAVA_INT, ADDRESS}, new Linker.Option[0],
                    signal, SIG_DFL);
        }
    }

    private static Optional<Object> call(Optional<MemorySegment> function, ValueLayout result, ValueLayout[] types, Linker.Option[] options,
            Object... arguments) {
        if (function.isEmpty()) return Optional.empty();
        MethodHandle handle = Linker.nativeLinker().downcallHandle(function.get(), FunctionDescriptor.of(result, types), options);
        try {
            return Optional.of(handle.invokeWithArguments(arguments));
        } catch (Throwable e) {
            throw new AssertionError("the C library throws nothing", e);
        }
    }
}
