package lucid.grpo.cli;

import java.util.Optional;
import java.util.stream.Stream;

/// What is said where the virtual machine ran out of something: what it is, and where more of it comes from.
final class Exhaustion {
    private static final long MIB = 1 << 20;

    private Exhaustion() {}

    /// Of an error, or of what was made of one on its way from another thread.
    static Optional<String> of(Throwable e) {
        return Stream.iterate(e, t -> t != null, Throwable::getCause).limit(100).map(Exhaustion::message).flatMap(Optional::stream).findFirst();
    }

    private static Optional<String> message(Throwable e) {
        String said = e.getMessage() == null ? "it is not said of which kind" : e.getMessage();
        return Optional.ofNullable(switch (e) {
            case StackOverflowError _ -> "the stack is used up: what was read or computed is nested too deep; wanted less of it, or a larger stack "
                    + "(LUCID_JVM=-Xss64m)";
            case OutOfMemoryError _ when said.contains("thread") -> "the system starts no more threads (" + said
                    + "); wanted a smaller --threads, or a higher limit (ulimit -u)";
            case OutOfMemoryError _ when said.matches("Java heap space|GC overhead.*|Requested array size.*") -> "out of memory: Java's heap of "
                    + Runtime.getRuntime().maxMemory() / MIB
                    + " MiB is used up; wanted a larger one (LUCID_JVM=-Xmx8g), or less at a time (smaller batches, fewer frames, smaller files)";
            case OutOfMemoryError _ -> "out of memory: " + said + "; wanted a machine with more of it, or less at a time (smaller batches, fewer "
                    + "frames, fewer --threads)";
            default -> null;
        });
    }
}
