package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/// The help of every command has examples, and those that name parts of the demo's run name parts that it has.
class HelpTest extends CommandTest {
    @Test void everyCommandHasExamples() {
        List<String> without = new ArrayList<>();
        Lucid.commandLine().getSubcommands().values().forEach(c -> missing(c, without));
        assertEquals(List.of(), without, "commands whose help has no example");
    }

    private static void missing(CommandLine command, List<String> without) {
        if (!command.getUsageMessage().contains("Example")) without.add(command.getCommandSpec().qualifiedName());
        command.getSubcommands().values().forEach(c -> missing(c, without));
    }

    @Test void everyExampleIsShownAsItWasWrittenAndCanBeTypedIn() {
        Lucid.commandLine().getSubcommands().values().forEach(HelpTest::typeable);
    }

    /// No line of an example is wrapped by picocli, and each example, its lines joined as a shell joins them, is a command line that Lucid takes.
    private static void typeable(CommandLine command) {
        List<String> shown = command.getUsageMessage(CommandLine.Help.Ansi.OFF).lines().toList();
        String[] footer = command.getCommandSpec().usageMessage().footer();
        List<String> lines = Stream.of(footer).filter(line -> line.startsWith("  ")).toList();
        for (String line : lines)
            assertTrue(line.length() <= 80 && shown.contains(line.formatted()), "wrapped: '" + line + "' in: " + String.join("\n", shown));
        for (String example : String.join("\n", lines).replaceAll(" \\\\\n +", " ").lines().toList()) {
            for (List<String> words : commands(example)) {
                if (words.getFirst().equals("lucid")) Lucid.commandLine().parseArgs(words.subList(1, words.size()).toArray(String[]::new));
            }
        }
        command.getSubcommands().values().forEach(HelpTest::typeable);
    }

    /// The commands of a line of a shell, as words: quotes, comments, `|`, `>` and `&&`; nothing else that a shell would read in another way.
    private static List<List<String>> commands(String line) {
        List<List<String>> all = new ArrayList<>();
        List<String> words = new ArrayList<>();
        for (Matcher m = Pattern.compile("(?:[^\\s'\"]|'[^']*'|\"[^\"]*\")+").matcher(line); m.find();) {
            String word = m.group();
            if (word.startsWith("#")) break;
            if (List.of("|", ">", "&&").contains(word)) {
                all.add(words);
                words = new ArrayList<>();
                continue;
            }
            String bare = word.replaceAll("'[^']*'|\"[^\"]*\"", "");
            assertTrue(bare.matches("[^()<>;&`$!\\\\]*") && !bare.equals("..."), "a shell reads '" + word + "' in another way: " + line);
            words.add(word.replaceAll("['\"]", ""));
        }
        all.add(words);
        return all.stream().filter(w -> !w.isEmpty()).toList();
    }

    @Test void aLongExampleIsBrokenBeforeOptionsAndNotInsideQuotes() {
        List<String> wanted = List.of("  lucid ask --question \"is - this -- one word?\" \\", "      --option A=yes --option B=no | tee --flag");
        assertEquals(wanted, Examples.broken("  lucid ask --question \"is - this -- one word?\" --option A=yes --option B=no | tee --flag", 49));
        assertEquals(List.of("  short --one"), Examples.broken("  short --one", 13));
        String prose = "Prose of a footer is not an example, however long --it is.";
        assertEquals(List.of(prose), Examples.broken(prose, 20));
    }

    @Test void theRunFolderIsNamed() {
        for (String command : List.of("demo", "sft", "train")) {
            String help = lucid(command, "--help").ok().out().replaceAll("\\s+", " ");
            for (String part : List.of("The run folder (default: runs/RECIPE-SEED)",
                    "Where no checkpoint is there, this is said, and the run begins at its first step")) assertTrue(help.contains(part), help);
        }
    }

    @Test void theDemosCheckpointIsOneThatItWrites() {
        Recipe demo = RecipeReader.read("demo");
        Stage coldStart = demo.stage("cold_start");
        String folder = String.format(Locale.ROOT, "runs/demo-1/checkpoints/%02d-cold_start-%06d-done", demo.stages().indexOf(coldStart),
                coldStart.steps());
        String help = lucid("train", "--help").ok().out();
        assertTrue(help.replaceAll("[\\s\\\\]+", " ").contains("--model " + folder + " "), "wanted " + folder + " in: " + help);
    }

    @Test void theDemosInspectedStepIsOneOfItsGrpoSteps() {
        Recipe demo = RecipeReader.read("demo");
        int before = demo.stages().stream().filter(s -> s instanceof Stage.Supervised).mapToInt(Stage::steps).sum();
        String help = lucid("inspect", "--help").ok().out() + lucid("replay", "--help").ok().out().replaceAll("runs/nextqa --step \\d+", "");
        Matcher step = Pattern.compile("--(?:step|to) (\\d+)").matcher(help);
        int found = 0;
        for (; step.find(); found++) {
            int n = Integer.parseInt(step.group(1));
            assertTrue(n > before && n <= before + demo.stage("grpo").steps(), "--step " + n + " of a demo whose GRPO steps begin after " + before);
        }
        assertEquals(9, found);
    }
}
