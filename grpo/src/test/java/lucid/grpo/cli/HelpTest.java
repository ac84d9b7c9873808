package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

    @Test void theDemosCheckpointIsOneThatItWrites() {
        Recipe demo = RecipeReader.read("demo");
        Stage coldStart = demo.stage("cold_start");
        String folder = String.format(Locale.ROOT, "runs/demo-1/checkpoints/%02d-cold_start-%06d-done", demo.stages().indexOf(coldStart), coldStart.steps());
        String help = lucid("train", "--help").ok().out();
        assertTrue(help.replaceAll("\\s+", " ").contains("--model " + folder + " "), "wanted " + folder + " in: " + help);
    }

    @Test void theDemosInspectedStepIsOneOfItsGrpoSteps() {
        Recipe demo = RecipeReader.read("demo");
        int before = demo.stages().stream().filter(s -> s instanceof Stage.Supervised).mapToInt(Stage::steps).sum();
        Matcher step = Pattern.compile("--step (\\d+)").matcher(lucid("inspect", "--help").ok().out());
        int found = 0;
        for (; step.find(); found++) {
            int n = Integer.parseInt(step.group(1));
            assertTrue(n > before && n <= before + demo.stage("grpo").steps(), "--step " + n + " of a demo whose GRPO steps begin after " + before);
        }
        assertEquals(4, found);
    }
}
