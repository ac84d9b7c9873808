package lucid.grpo.cli.model;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import lucid.grpo.console.Console;
import lucid.grpo.console.Interruption;
import lucid.grpo.console.MegabyteBar;
import lucid.grpo.session.ModelFolder;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.model.PackedFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lucid model pack`.
@Command(name = "pack", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes a model's weights once more, into " + PackedFile.NAME + " beside them, in the order in which this processor reads them: generate, chat and eval then answer faster, with the same answers and no more memory. It takes as much disk as the weights; "
                + "delete it whenever you like. Where the weights have changed since, or the processor is of another kind, it is left aside.",
        footer = {"", "Examples:", "  lucid model pack runs/demo-1", "  lucid model pack Zhang199/TinyLLaVA-Video-R1"})
final class PackCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "DIR|ID", description = "A model's folder, a run's (its newest checkpoint), or ORG/NAME[@REVISION] of the hub. Of an adapter the model that it names is packed.")
    private Path model;

    @Override public Integer call() {
        Path folder = ModelFolder.base(ModelFolder.resolve(model));
        Path file = folder.resolve(PackedFile.NAME);
        Console console = Console.standard();
        long bytes;
        try (Interruption stop = Interruption.ofThread(console, "stopping; what was written of " + file + " is being deleted ..."); Device device = new SimdDevice()) {
            try (MegabyteBar bar = new MegabyteBar(console, "pack MB")) {
                bytes = PackedFile.write(device, folder, (done, all) -> bar.at(done, all, ""));
            } catch (UncheckedIOException e) {
                if (stop.asked()) return 130;
                throw e;
            }
        }
        spec.commandLine().getOut().printf(Locale.ROOT, "%s: %,d bytes, read by generate, chat and eval from now on%n", file, bytes);
        spec.commandLine().getOut().flush();
        return 0;
    }
}
