package lucid.grpo.cli.model;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import lucid.grpo.console.Console;
import lucid.grpo.console.Interruption;
import lucid.grpo.console.MegabyteBar;

/// Work that writes a large file or folder, whole or not at all, under a bar of megabytes; Ctrl-C ends it.
final class Writing {
    private Writing() {}

    /// @param what   the bar's name
    /// @param target what is written, of which nothing stays behind if it is not finished
    /// @return what the work returned; empty: Ctrl-C ended it
    static <T> Optional<T> run(String what, Path target, Function<MegabyteBar, T> work) {
        Console console = Console.standard();
        try (Interruption stop = Interruption.ofThread(console, "stopping; what was written of " + target + " is being deleted ...")) {
            try (MegabyteBar bar = new MegabyteBar(console, what)) {
                return Optional.of(work.apply(bar));
            } catch (UncheckedIOException e) {
                if (stop.asked()) return Optional.empty();
                throw e;
            }
        }
    }
}
