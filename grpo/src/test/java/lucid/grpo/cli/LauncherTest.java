package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The launchers for Unix and for Windows start the same program in the same way.
class LauncherTest {
    /// From the java that is started to the class path; a line may be continued.
    private static final Pattern START = Pattern.compile("(?:exec \"\\$jdk/bin/java\"|\"%java%\") (.*?) -cp \\S+ (\\S+)", Pattern.DOTALL);
    private static final Pattern FLAG = Pattern.compile("-[-A-Z]\\S+");

    private static MatchResult start(String launcher) throws IOException {
        String text = Files.readString(Path.of("..", launcher)).replace("\\\n", " ").replaceAll("-cp \"[^\"]*(?:\"[^\"]*\\))?[^\"]*\"", "-cp CP");
        List<MatchResult> found = START.matcher(text).results().toList();
        assertEquals(1, found.size(), launcher + " starts java once: " + text);
        return found.getFirst();
    }

    private static List<String> flags(String launcher) throws IOException { return FLAG.matcher(start(launcher).group(1)).results().map(MatchResult::group).toList(); }

    @Test void bothHaveTheSameFlags() throws IOException {
        List<String> unix = flags("lucid");
        assertTrue(unix.size() >= 5 && unix.contains("--add-modules=jdk.incubator.vector"), unix.toString());
        assertEquals(unix, flags("lucid.cmd"));
    }

    @Test void bothStartTheCommandLineWithWhatAUserAdds() throws IOException {
        for (String launcher : List.of("lucid", "lucid.cmd")) {
            assertEquals(Lucid.class.getName(), start(launcher).group(2));
            assertTrue(start(launcher).group(1).contains("LUCID_JVM"), launcher);
        }
    }

    /// What the build says that every JVM of Lucid needs, and what the tests run with.
    @Test void theFlagsOfTheBuildAreAmongThem() throws IOException {
        String pom = Files.readString(Path.of("../pom.xml"));
        String needed = pom.substring(pom.indexOf("<lucid.jvm>") + "<lucid.jvm>".length(), pom.indexOf("</lucid.jvm>"));
        assertTrue(flags("lucid").containsAll(List.of(needed.split(" "))), needed);
    }
}
