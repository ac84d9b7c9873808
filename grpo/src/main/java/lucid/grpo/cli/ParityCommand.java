package lucid.grpo.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import lucid.grpo.cli.device.DeviceOption;
import lucid.grpo.parity.CaseResult;
import lucid.grpo.parity.CaseResult.Verdict;
import lucid.grpo.parity.CaseSearch;
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
                "A case is a folder with case.json and all that is in it, or a table (.json, .json.gz); its content says what it is about. Folders "
                        + "are searched at any depth, but for those that start with a dot"
                        + " and Maven's target beside a pom.xml. Each case ends in one line:",
                "  PASS          all of it was computed and is within tolerance",
                "  PASS IN PART  so is what Lucid computes of it; the other rows are counted",
                "  NOT IN LUCID  Lucid computes nothing of it",
                "  FAIL          something is over tolerance, or could not be run",
                "  NOT CHECKED   it needs --tokenizer or --media, as the line says",
                "  UNKNOWN       met in a folder, of no family that this version knows",
                "  HELPER        no case, but the tokenizer that a case names",
                "A PATH that is itself of no known family is an error.",
                "Exit status 0 only if something was compared and nothing is FAIL, NOT CHECKED or UNKNOWN; with --strict only if all is PASS."},
        footer = {"", "Examples:", "  # every case in a folder", "  lucid parity nn/src/test/resources/golden/qwen2",
                "  # one line a case", "  lucid parity golden --quiet --tokenizer qwen.tiktoken --media clips",
                "  # vectors of a published vocabulary", "  lucid parity golden/tokenizer --tokenizer qwen.tiktoken",
                "  lucid parity golden/decode/frames.json --media clips --json"})
final class ParityCommand implements Callable<Integer> {
    private static final int NAMED = 5;

    @Spec private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "PATH", description = "Case folders, tables, or folders of them.")
    private List<Path> paths;

    @Option(names = "--tokenizer", paramLabel = "PATH", description = "Hugging Face folder, tokenizer.json or qwen.tiktoken, for vectors recorded "
            + "with a published vocabulary.")
    private Path tokenizer;

    @Option(names = "--media", paramLabel = "DIR", description = "Clips that decode tables name and that are not in ../../media beside the table.")
    private Path media;

    @Option(names = "--strict", description = "Exit status 1 also for what Lucid has no computation for (PASS IN PART, NOT IN LUCID).")
    private boolean strict;

    @Option(names = "--quiet", description = "One line a case, and the rows that failed.")
    private boolean quiet;

    @Option(names = "--json", description = "Prints one JSON array instead of text.")
    private boolean json;

    @Mixin private DeviceOption device;

    @Override public Integer call() throws IOException {
        CaseSearch search = CaseSearch.under(paths);
        if (media != null && !Files.isDirectory(media))
            throw new IllegalArgumentException("--media " + media + ": not a folder; wanted the one that the clips are in");
        Optional<Tokenizer> vocabulary = tokenizer == null ? Optional.empty() : Optional.of(TokenizerFiles.load(tokenizer));
        PrintWriter out = spec.commandLine().getOut();
        try (Device opened = device.open()) {
            List<CaseResult> all = new Parities(opened, vocabulary, media).run(search, r -> {
                if (!json) print(out, r);
            });
            notCases(json ? spec.commandLine().getErr() : out, search);
            if (json) out.println(array(all));
            else end(out, all);
            out.flush();
            return all.stream().allMatch(r -> r.verdict().ok(strict)) && rows(all, Row.Status.OK) > 0 ? 0 : 1;
        }
    }

    private void print(PrintWriter out, CaseResult r) {
        for (Row row : r.rows()) {
            if (!quiet || row.status() == Row.Status.FAILED) out.println("  " + row);
        }
        out.println(r.summary());
        out.flush();
    }

    private static void notCases(PrintWriter out, CaseSearch search) {
        search.helpers().forEach(h -> out.println("HELPER " + h.path() + ": no case, but " + h.rule()));
        if (!search.notEntered().isEmpty())
            out.println("not looked into: " + CaseResult.some(search.notEntered().stream().map(Path::toString).toList(), NAMED));
        out.flush();
    }

    private static void end(PrintWriter out, List<CaseResult> all) {
        if (all.size() == 1) return;
        out.printf(Locale.ROOT, "%d found: %s; rows: %d ok, %d failed, %d unsupported%s%n", all.size(), counts(all), rows(all, Row.Status.OK),
                rows(all, Row.Status.FAILED), rows(all, Row.Status.UNSUPPORTED), rest(all));
    }

    private static String counts(List<CaseResult> all) {
        List<String> counts = new ArrayList<>();
        for (Verdict v : List.of(Verdict.PASS, Verdict.PASS_IN_PART, Verdict.FAIL, Verdict.NOT_CHECKED, Verdict.UNKNOWN, Verdict.NOT_IN_LUCID)) {
            List<CaseResult> of = all.stream().filter(r -> r.verdict() == v).toList();
            String options = of.stream().map(CaseResult::option).filter(o -> !o.isEmpty()).distinct().collect(Collectors.joining(" and "));
            if (!of.isEmpty() || v == Verdict.PASS || v == Verdict.FAIL)
                counts.add(of.size() + " " + v.counted() + (options.isEmpty() ? "" : " for want of " + options));
        }
        return String.join(", ", counts);
    }

    /// What to look at in the lines before, the worst first.
    private static String rest(List<CaseResult> all) {
        List<String> names = all.stream().filter(r -> r.verdict() != Verdict.PASS).sorted(Comparator.comparing(CaseResult::verdict))
                .map(ParityCommand::name).toList();
        return names.isEmpty() ? "" : "; not passed whole, see their lines above: " + CaseResult.some(names, NAMED);
    }

    private static String name(CaseResult r) {
        Path path = Path.of(r.path());
        return path.subpath(Math.max(0, path.getNameCount() - 2), path.getNameCount()).toString();
    }

    private static long rows(List<CaseResult> all, Row.Status status) { return all.stream().mapToLong(r -> r.count(status)).sum(); }

    private String array(List<CaseResult> all) throws JsonProcessingException {
        ObjectMapper mapper = new ObjectMapper();
        ArrayNode list = mapper.createArrayNode();
        for (CaseResult r : all) {
            ObjectNode o = list.addObject().put("path", r.path()).put("family", r.family()).put("passed", r.verdict() == Verdict.PASS)
                    .put("verdict", lower(r.verdict()));
            if (!r.option().isEmpty()) o.put("option", r.option());
            if (!r.why().isEmpty()) o.put("why", r.why());
            for (Row.Status s : Row.Status.values()) o.put(lower(s), r.count(s));
            ArrayNode rows = o.putArray("rows");
            for (Row row : r.rows()) {
                ObjectNode n = rows.addObject().put("name", row.name()).put("status", lower(row.status()));
                if (Double.isFinite(row.error())) n.put("largest_error", row.error());
                if (Double.isFinite(row.share())) n.put("share_of_tolerance", row.share());
                n.put("where", row.where()).put("detail", row.detail());
            }
        }
        return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(list);
    }

    private static String lower(Enum<?> e) { return e.name().toLowerCase(Locale.ROOT); }
}
