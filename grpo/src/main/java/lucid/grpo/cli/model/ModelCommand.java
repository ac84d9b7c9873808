package lucid.grpo.cli.model;

import java.nio.file.Path;
import lucid.grpo.session.ModelFolder;
import lucid.nn.hub.RepoId;
import lucid.nn.hub.Selection;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lucid model`.
@Command(name = "model", mixinStandardHelpOptions = true, sortOptions = false, description = "Looks into models, and fetches them.",
        subcommands = {ModelInfoCommand.class, PackCommand.class},
        footer = {"", "Examples:", "  lucid model info runs/demo-1", "  lucid model info Zhang199/TinyLLaVA-Video-R1 --json",
                "  lucid model download Zhang199/TinyLLaVA-Video-R1@main", "  lucid model pack Zhang199/TinyLLaVA-Video-R1"})
public final class ModelCommand {
    @Spec private CommandSpec spec;

    @Command(name = "download", mixinStandardHelpOptions = true, sortOptions = false,
            description = "Fetches a model into the Hugging Face cache, which all its tools share, and prints its folder. An interrupted download "
                    + "goes on where it ended.",
            footer = {"", "HF_HOME, HF_HUB_CACHE, HF_TOKEN (or the token file), HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean to "
                    + "huggingface_hub.", "Example:", "  lucid model download Zhang199/TinyLLaVA-Video-R1"})
    int download(@Parameters(index = "0", paramLabel = "ORG/NAME[@REVISION]",
            description = "A repository of the hub; branch, tag or commit (default: main).") String id,
                 @Option(names = "--all", description = "Everything in the repository, not only what a model needs.") boolean all) {
        Path folder = ModelFolder.download(RepoId.of(id), all ? Selection.ALL : Selection.MODEL);
        spec.commandLine().getOut().println(folder);
        return 0;
    }
}
