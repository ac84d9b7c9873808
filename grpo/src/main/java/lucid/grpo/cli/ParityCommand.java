package lucid.grpo.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import lucid.grpo.cli.device.DeviceOption;
import lucid.grpo.parity.CaseResult;
import lucid.grpo.parity.Parities;
import lucid.grpo.parity.Row;
import lucid.kernels.Device;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lucid parity`.
@Command(name = "parity", mixinStandardHelpOptions = true,
        description = {"Compares Lucid with numbers of the original implementations.",
                "A case is a folder with case.json, or a table (.json, .json.gz); its content says what it is about. Exit status 0 only if something was compared and all of it is within tolerance;",
                "rows of computations that Lucid does not have are counted as unsupported and named in the last line, and fail with --strict."},
        footer = {"", "Examples:", "  # every case in a folder", "  lucid parity nn/src/test/resources/golden/qwen2",
                "  # vectors of a published vocabulary", "  lucid parity golden/tokenizer --tokenizer qwen.tiktoken",
                "  lucid parity golden/decode/frames.json --media clips --json"})
final class ParityCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "PATH", description = "Case folders, tables, or folders of them.")
    private List<Path> paths;

    @Option(names = "--tokenizer", paramLabel = "PATH", description = "Hugging Face folder, tokenizer.json or qwen.tiktoken, for vectors recorded with a published vocabulary.")
    private Path tokenizer;

    @Option(names = "--media", paramLabel = "DIR", description = "Clips that decode tables name (default: ../../media beside the table).")
    private Path media;

    @Option(names = "--strict", description = "Rows of computations that Lucid does not have count as failures.")
    private boolean strict;

    @Option(names = "--quiet", description = "One line a case, and the rows that failed.")
    private boolean quiet;

    @Option(names = "--json", description = "Prints one JSON array instead of text.")
    private boolean json;

    @Mixin private DeviceOption device;

    @Override public Integer call() throws IOException {
        Optional<Tokenizer> vocabulary = tokenizer == null ? Optional.empty() : Optional.of(TokenizerFiles.load(tokenizer));
        PrintWriter out = spec.commandLine().getOut();
        try (Device opened = device.open()) {
            List<CaseResult> all = new Parities(opened, vocabulary, media).run(paths, r -> {
                if (!json) print(out, r);
            });
            if (json) out.println(array(all));
            else if (all.size() > 1) total(out, all);
            out.flush();
            return all.stream().allMatch(r -> r.ok(strict)) && rows(all, Row.Status.OK) > 0 ? 0 : 1;
        }
    }

    private void print(PrintWriter out, CaseResult r) {
        for (Row row : r.rows()) {
            if (!quiet || row.status() == Row.Status.FAILED) out.println("  " + row);
        }
        out.println(r.summary());
        out.flush();
    }

    private void total(PrintWriter out, List<CaseResult> all) {
        long failed = all.stream().filter(r -> !r.ok(strict)).count();
        long nothing = all.stream().filter(r -> r.ok(strict) && r.unsupported()).count();
        out.printf("%d cases: %d passed, %d failed, %d not in Lucid; rows: %d ok, %d failed, %d unsupported%s%n", all.size(), all.size() - failed - nothing, failed, nothing,
                rows(all, Row.Status.OK), rows(all, Row.Status.FAILED), rows(all, Row.Status.UNSUPPORTED), notComputed(all));
    }

    private static String notComputed(List<CaseResult> all) {
        List<String> cases = all.stream().filter(r -> r.count(Row.Status.UNSUPPORTED) > 0).map(r -> Path.of(r.path()).getFileName() + " " + r.notComputed()).toList();
        return cases.isEmpty() ? "" : "; NOT COMPUTED: " + String.join(", ", cases);
    }

    private static long rows(List<CaseResult> all, Row.Status status) { return all.stream().mapToLong(r -> r.count(status)).sum(); }

    private String array(List<CaseResult> all) throws JsonProcessingException {
        ObjectMapper mapper = new ObjectMapper();
        ArrayNode list = mapper.createArrayNode();
        for (CaseResult r : all) {
            ObjectNode o = list.addObject().put("path", r.path()).put("family", r.family()).put("passed", r.ok(strict) && !r.unsupported());
            for (Row.Status s : Row.Status.values()) o.put(s.name().toLowerCase(java.util.Locale.ROOT), r.count(s));
            ArrayNode rows = o.putArray("rows");
            for (Row row : r.rows()) {
                ObjectNode n = rows.addObject().put("name", row.name()).put("status", row.status().name().toLowerCase(java.util.Locale.ROOT));
                if (Double.isFinite(row.error())) n.put("largest_error", row.error());
                if (Double.isFinite(row.share())) n.put("share_of_tolerance", row.share());
                n.put("where", row.where()).put("detail", row.detail());
            }
        }
        return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(list);
    }
}
