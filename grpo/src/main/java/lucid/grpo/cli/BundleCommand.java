package lucid.grpo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import lucid.grpo.bundle.Bundle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lucid bundle`.
@Command(name = "bundle", mixinStandardHelpOptions = true, description =
        "Packs Lucid with a Java runtime of its own into one folder, for a server of the same system without Java. 'lucid ptx check' stays behind.",
        footer = {"", "Example:", "  lucid bundle --out lucid-gpu --archive",
                "  scp lucid-gpu.tar.gz server: && ssh server 'tar xzf lucid-gpu.tar.gz && lucid-gpu/lucid devices'"})
final class BundleCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "The folder to make.")
    private Path out;

    @Option(names = "--archive", description = "Also packs it into DIR.tar.gz.")
    private boolean archive;

    @Override public Integer call() throws IOException {
        PrintWriter o = spec.commandLine().getOut();
        Bundle bundle = new Bundle(what -> {
            o.println("  " + what);
            o.flush();
        });
        bundle.make(out);
        o.printf(Locale.ROOT, "%s: %.1f MB%n", out, Bundle.bytes(out) / 1e6);
        if (archive) {
            Path packed = bundle.archive(out);
            o.printf(Locale.ROOT, "%s: %.1f MB%n", packed, Files.size(packed) / 1e6);
        }
        o.flush();
        return 0;
    }
}
