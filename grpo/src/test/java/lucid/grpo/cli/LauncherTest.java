package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The launchers for Unix and for Windows start the same program in the same way.
class LauncherTest {
    /// From the java that is started to the class path; a line may be continued.
    private static final Pattern START = Pattern.compile("(?:exec \\$locale \"\\$jdk/bin/java\"|\"%java%\") (.*?) -cp \\S+ (\\S+)", Pattern.DOTALL);
    private static final Pattern FLAG = Pattern.compile("-[-A-Z]\\S+");

    private static MatchResult start(String launcher) throws IOException {
        String text = Files.readString(Path.of("..", launcher)).replace("\\\n", " ").replaceAll("-cp \"[^\"]*(?:\"[^\"]*\\))?[^\"]*\"", "-cp CP");
        List<MatchResult> found = START.matcher(text).results().toList();
        assertEquals(1, found.size(), launcher + " starts java once: " + text);
        return found.getFirst();
    }

    private static List<String> flags(String launcher) throws IOException {
        return FLAG.matcher(start(launcher).group(1)).results().map(MatchResult::group).toList();
    }

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

    /// An empty checkout in a folder with a space, and a Maven that writes down that it was started and with which Java. The shell is as bare as it
    /// can be: no HOME, a JAVA_HOME that is not there.
    @Test @DisabledOnOs(OS.WINDOWS)
    void buildsWhatChangedOrCameFromElsewhereAndNothingElse(@TempDir Path temp) throws Exception {
        Path home = Files.createDirectories(temp.toRealPath().resolve("a checkout"));
        Files.copy(Path.of("..", "lucid"), home.resolve("lucid"));
        Path pom = Files.writeString(home.resolve("pom.xml"), "<project/>");
        Path stamp = Files.createDirectories(home.resolve("bench/target")).resolve("dependencies.classpath");
        Path mvn = Files.writeString(tools(temp.resolve("bin")).resolve("mvn"),
                "#!/bin/sh\necho \"$JAVA_HOME\" >>started\n[ -z \"$REFUSE\" ] || { echo refused; exit 1; }\nmkdir -p grpo/target; : "
                + ">>grpo/target/x.jar\nprintf %s \"$PWD/grpo/target/x.jar\" >bench/target/dependencies.classpath\n");
        assertTrue(mvn.toFile().setExecutable(true));
        assertEquals("", launch(home.resolve("lucid"), mvn, 0, ""));
        assertEquals(List.of(System.getProperty("java.home")), builds(home), "Maven starts with the Java that was found");
        assertEquals("", launch(Files.createSymbolicLink(temp.resolve("link"), home.resolve("lucid")), mvn, 0, ""));
        assertEquals(1, builds(home).size(), "nothing changed");
        assertTrue(launch(home.resolve("lucid"), mvn, 0, "", "-XshowSettings:properties --version").contains("sun.jnu.encoding = UTF-8"),
                "names of files need no locale");
        Files.setLastModifiedTime(stamp, FileTime.from(Files.getLastModifiedTime(pom).toInstant().minusSeconds(9)));
        String refused = launch(home.resolve("lucid"), mvn, 1, "yes");
        assertTrue(refused.contains("refused") && refused.contains("the build failed"), "what Maven said is shown, whatever its words: " + refused);
        launch(home.resolve("lucid"), mvn, 0, "");
        assertEquals(3, builds(home).size(), "the pom is newer, until a build succeeds");
        Path moved = Files.move(home, temp.toRealPath().resolve("moved"));
        launch(moved.resolve("lucid"), mvn, 0, "");
        assertEquals(4, builds(moved).size(), "the class path names the old folder");
        Files.writeString(moved.resolve("bench/target/dependencies.classpath"), home.resolve("grpo/target/x.jar").toString());
        launch(moved.resolve("lucid"), mvn, 0, "");
        assertEquals(5, builds(moved).size(), "whoever built there, this launcher or Maven alone");
        Files.delete(moved.resolve("grpo/target/x.jar"));
        launch(moved.resolve("lucid"), mvn, 0, "");
        assertEquals(6, builds(moved).size(), "a library of the class path is gone");
        Path library = Files.move(moved.resolve("grpo/target/x.jar"), temp.resolve("x.jar"));
        Files.move(moved.resolve("target"), temp.resolve("target"));
        // As a folder that may not be written; to the superuser every folder may.
        Files.createFile(moved.resolve("target"));
        String elsewhere = launch(moved.resolve("lucid"), mvn, 1, "");
        assertTrue(elsewhere.contains(moved + " has to be built, for " + moved.resolve("grpo/target/x.jar")
                + " of the last build cannot be read by you or is gone") && elsewhere.contains("checkout of your own"), elsewhere);
        Files.delete(moved.resolve("target"));
        Files.move(library, moved.resolve("grpo/target/x.jar"));
        Files.delete(moved.resolve("bench/target/dependencies.classpath"));
        Files.delete(mvn);
        assertTrue(launch(moved.resolve("lucid"), mvn, 1, "").contains("Maven (mvn) is needed"));
    }

    @Test @DisabledOnOs(OS.WINDOWS)
    void ofTwoAtOnceOneBuilds(@TempDir Path temp) throws Exception {
        Path home = Files.createDirectories(temp.toRealPath().resolve("checkout"));
        Files.copy(Path.of("..", "lucid"), home.resolve("lucid"));
        Files.writeString(home.resolve("pom.xml"), "<project/>");
        Files.createDirectories(home.resolve("bench/target"));
        // The class path is there long before the build is done.
        String build = "#!/bin/sh\necho begun >>started\nmkdir -p grpo/target; : >>grpo/target/x.jar\nprintf %s \"$PWD/grpo/target/x.jar\" "
                + ">bench/target/dependencies.classpath\nsleep 3\necho done >>started\n";
        Path mvn = Files.writeString(tools(temp.resolve("bin")).resolve("mvn"), build);
        assertTrue(mvn.toFile().setExecutable(true));
        Path first = temp.resolve("first");
        Process one = start(home.resolve("lucid"), mvn, first, "", "--version");
        while (!Files.exists(home.resolve("bench/target/dependencies.classpath"))) Thread.sleep(20);
        String second = launch(home.resolve("lucid"), mvn, 0, "");
        assertEquals(List.of("begun", "done"), builds(home), "the second waited, and had nothing left to build");
        assertTrue(second.contains("waiting for the build that process " + one.pid() + " has begun"), second);
        assertEquals(0, one.waitFor(), () -> read(first));
        assertFalse(Files.exists(home.resolve("target/build.lock"), LinkOption.NOFOLLOW_LINKS));

        // A launcher that was killed leaves its lock.
        Files.createSymbolicLink(home.resolve("target/build.lock"), Path.of(String.valueOf(one.pid())));
        Files.delete(home.resolve("bench/target/dependencies.classpath"));
        assertEquals("", launch(home.resolve("lucid"), mvn, 0, ""));
        assertEquals(4, builds(home).size());
    }

    @Test @DisabledOnOs(OS.WINDOWS)
    void ofManyErrorsTheFirstAreShown(@TempDir Path temp) throws Exception {
        Path home = Files.createDirectories(temp.toRealPath().resolve("checkout"));
        Files.copy(Path.of("..", "lucid"), home.resolve("lucid"));
        Path mvn = Files.writeString(tools(temp.resolve("bin")).resolve("mvn"),
                "#!/bin/sh\ni=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo \"[ERROR] number $i of many that a compiler has found in one and the "
                + "same file\"; done\nexit 1\n");
        assertTrue(mvn.toFile().setExecutable(true));
        String said = launch(home.resolve("lucid"), mvn, 1, "");
        assertTrue(said.contains("number 20 of") && !said.contains("number 21 of")
                && said.endsWith("lucid: the build failed; the whole log is in target/build.log\n"), said);
    }

    /// Half of such a name would be a place of the class path.
    @Test @DisabledOnOs(OS.WINDOWS)
    void refusesAFolderThatNoClassPathCanName(@TempDir Path temp) throws Exception {
        Path home = Files.createDirectories(temp.toRealPath().resolve("a:b"));
        Files.copy(Path.of("..", "lucid"), home.resolve("lucid"));
        Path mvn = tools(temp.resolve("bin")).resolve("mvn");
        assertEquals("lucid: " + home + ": found a ':' in the name of its folder, which separates the places of a Java class path; wanted a folder "
                + "without one.\n", launch(home.resolve("lucid"), mvn, 1, ""));
    }

    /// What the launcher itself uses, and no Maven of this machine's.
    private static Path tools(Path bin) throws IOException {
        Files.createDirectories(bin);
        for (String tool : List.of("bash", "cat", "dirname", "env", "find", "getconf", "grep", "head", "ln", "mkdir", "readlink", "rm", "sed",
                "sleep", "tail", "touch")) {
            Path at = Path.of("/usr/bin", tool);
            Files.createSymbolicLink(bin.resolve(tool), Files.exists(at) ? at : Path.of("/bin", tool));
        }
        return bin;
    }

    private static List<String> builds(Path home) throws IOException { return Files.readAllLines(home.resolve("started")); }

    /// What the launcher complains about; Java itself is only asked for its version.
    private static String launch(Path launcher, Path mvn, int status, String refuse) throws IOException, InterruptedException {
        return launch(launcher, mvn, status, refuse, "--version");
    }

    private static String launch(Path launcher, Path mvn, int status, String refuse, String jvm) throws IOException, InterruptedException {
        Path err = mvn.resolveSibling("err");
        assertEquals(status, start(launcher, mvn, err, refuse, jvm).waitFor(), () -> read(err));
        return Files.readString(err).replaceFirst("lucid: building once .*\n", "").replaceFirst("WARNING: Using incubator modules.*\n", "");
    }

    private static Process start(Path launcher, Path mvn, Path err, String refuse, String jvm) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(launcher.toString()).redirectError(err.toFile()).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().clear();
        builder.environment().putAll(Map.of("PATH", mvn.getParent().toString(), "JAVA_HOME", "/not/there", "LUCID_JAVA_HOME",
                System.getProperty("java.home"), "LUCID_JVM", jvm, "REFUSE", refuse));
        return builder.start();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
