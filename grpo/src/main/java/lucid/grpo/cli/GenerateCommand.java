package lucid.grpo.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import lucid.grpo.data.PromptTemplate;
import lucid.grpo.data.TrainingData;
import lucid.grpo.session.ModelFolder;
import lucid.grpo.train.Policy;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling;
import lucid.kernels.math.Philox;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import lucid.tokenizer.StreamingDecoder;
import lucid.tokenizer.Tokenizer;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.SiglipPixels;
import lucid.video.VideoReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `lucid generate`.
@Command(name = "generate", mixinStandardHelpOptions = true, sortOptions = false, description = "Asks a model about a clip; tokens are printed as they come.",
        footer = {"", "Example:", "  lucid generate --model runs/demo-1 --video clip.mp4 --question \"Which shape comes first?\" \\",
                "      --option A=Bar --option B=Ring --option C=Pole --option D=Square"})
final class GenerateCommand implements Callable<Integer> {
    @Mixin private DeviceOption device;

    @Option(names = "--model", required = true, paramLabel = "DIR", description = "A model's folder, or a run's (its newest checkpoint).")
    private Path model;

    @Option(names = "--video", required = true, paramLabel = "FILE", description = "Any clip or picture that FFmpeg reads.")
    private Path video;

    @Option(names = "--question", required = true, paramLabel = "TEXT", description = "The question.")
    private String question;

    @Option(names = "--option", paramLabel = "L=TEXT", description = "An option, with its letter; repeat for each.")
    private Map<String, String> choices = new LinkedHashMap<>();

    @Option(names = "--frames", paramLabel = "N", description = "Frames the model sees (default: one for each group of the resampler).")
    private Integer frames;

    @Option(names = "--direct", description = "Ask for the letter at once instead of reasoning.")
    private boolean direct;

    @Option(names = "--max-new-tokens", paramLabel = "N", description = "Longest answer (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens = 512;

    @Option(names = "--temperature", paramLabel = "T", description = "Sample at this temperature (default: greedy).")
    private Float temperature;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the sampling (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Override public Integer call() {
        try (Device d = device.open(); Policy policy = ModelFolder.policy(d, model)) {
            Tokenizer tokenizer = ModelFolder.tokenizer(model);
            int n = frames != null ? frames : policy.model().config().resampler().group();
            int size = policy.model().config().vision().imageSize();
            Frames clip = new SiglipPixels(size).resize(VideoReader.read(video, new FrameSampling.Uniform(n)));
            int[] prompt = new PromptTemplate(tokenizer).prompt(PromptTemplate.question(problem(), direct ? TrainingData.Mode.DIRECT : TrainingData.Mode.REASONING));
            Sampling.Rule rule = temperature == null ? Sampling.Rule.GREEDY : Sampling.Rule.temperature(temperature);
            int room = policy.model().config().maxLength() - policy.splice(prompt, true).length;
            GenerationSettings settings = new GenerationSettings(rule, Math.min(maxNewTokens, room), tokenizer.eosId(), 1f, Philox.key(seed, 1), 0);
            StreamingDecoder stream = tokenizer.stream(true);
            try (Scope _ = Scope.open(d); var _ = Tape.noGrad()) {
                Tensor visual = policy.connect(policy.features(clip.rgb(), 1, n, size), 1);
                Completion c = policy.generate(List.of(prompt), visual, 1, settings, (_, _, _, id, _) -> {
                    System.out.print(stream.accept(id));
                    System.out.flush();
                }).getFirst();
                System.out.println();
                if (!c.ended()) System.err.println("(the answer did not end within " + settings.maxNewTokens() + " tokens)");
            }
        }
        return 0;
    }

    private String problem() {
        if (choices.isEmpty()) return question;
        StringBuilder s = new StringBuilder(question).append("\nOptions:");
        choices.forEach((letter, text) -> s.append('\n').append(letter).append(". ").append(text).append(text.endsWith(".") ? "" : "."));
        return s.toString();
    }
}
