package lucid.grpo.cli.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import lucid.grpo.console.UsageException;
import lucid.grpo.inspect.Inspection;
import lucid.grpo.inspect.InspectionText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lucid inspect`.
@Command(name = "inspect", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Opens a run: its stages, a step's groups, a group's completions, a completion's tokens, one token. Only GRPO steps have "
                + "completions; lucid replay RUN --step N --out DIR makes those of a step again.",
        footer = {"", "Examples:", "  lucid inspect runs/demo-1", "  lucid inspect runs/demo-1 --step 1919",
                "  lucid inspect runs/demo-1 --step 1919 --prompt 15",
                "  lucid inspect runs/demo-1 --step 1919 --prompt 15 --completion 2",
                        "  lucid inspect runs/demo-1 --step 1919 --prompt 15 --completion 2 --token 27",
                "grpo/README.md, \"Reading the report\", says what there is to see in these."})
public final class InspectCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "RUN", description = "The run folder.")
    private Path run;

    @Option(names = "--step", paramLabel = "N", description = "Step of the whole run, as metrics.jsonl counts.")
    private Long step;

    @Option(names = "--prompt", paramLabel = "P", description = "Prompt of the step, from 0.")
    private Integer prompt;

    @Option(names = "--completion", paramLabel = "C", description = "Completion of the prompt, from 0.")
    private Integer completion;

    @Option(names = "--token", paramLabel = "T", description = "Token of the completion, from 0.")
    private Integer token;

    @Option(names = "--json", description = "Prints JSON; grpo/RUN-FOLDER.md has its keys. A completion's is enough to compute its advantage, "
            + "ratios, KL and loss again.")
    private boolean json;

    @Override public Integer call() throws IOException {
        needs("--token", token, "--completion", completion);
        needs("--completion", completion, "--prompt", prompt);
        needs("--prompt", prompt, "--step", step);
        Inspection i = new Inspection(run, spec.commandLine().getErr()::println);
        PrintWriter out = spec.commandLine().getOut();
        if (json) out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(node(i)));
        else text(i).forEach(out::println);
        out.flush();
        return 0;
    }

    private static void needs(String option, Object value, String other, Object otherValue) {
        if (value != null && otherValue == null) throw new UsageException(option + " needs " + other + " as well");
    }

    private List<String> text(Inspection i) {
        if (token != null) return InspectionText.token(i, step, prompt, completion, token);
        if (completion != null) return InspectionText.completion(i, step, prompt, completion);
        if (prompt != null) return InspectionText.prompt(i, step, prompt);
        return step != null ? InspectionText.step(i, step) : InspectionText.run(i);
    }

    private JsonNode node(Inspection i) {
        if (token != null) return i.token(step, prompt, completion, token);
        if (completion != null) return i.completion(step, prompt, completion);
        if (prompt != null) return i.prompt(step, prompt);
        return step != null ? i.step(step) : i.run();
    }
}
