package lucid.grpo.cli.model;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
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
        description = "Writes a model's weights once more, into " + PackedFile.NAME
                + " beside them, in the order in which this processor reads them: generate, chat and eval then answer faster, with the same answers "
                + "and no more memory. It takes as much disk as the weights; "
                + "delete it whenever you like. Where the weights have changed since, or the processor is of another kind, it is left aside.",
        footer = {"", "Examples:", "  lucid model pack runs/demo-1", "  lucid model pack Zhang199/TinyLLaVA-Video-R1"})
final class PackCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "DIR|ID", description = "A model's folder, a run's (its newest checkpoint), or ORG/NAME[@REVISION] of the "
            + "hub. Of an adapter the model that it names is packed.")
    private Path model;

    @Override public Integer call() {
        Path folder = ModelFolder.base(ModelFolder.resolve(model));
        Path file = folder.resolve(PackedFile.NAME);
        Optional<Long> bytes;
        try (Device device = new SimdDevice()) {
            bytes = Writing.run("pack MB", file, bar -> PackedFile.write(device, folder, (done, all) -> bar.at(done, all, "")));
        }
        if (bytes.isEmpty()) return 130;
        spec.commandLine().getOut().printf(Locale.ROOT, "%s: %,d bytes, read by generate, chat and eval from now on%n", file, bytes.get());
        spec.commandLine().getOut().flush();
        return 0;
    }
}
