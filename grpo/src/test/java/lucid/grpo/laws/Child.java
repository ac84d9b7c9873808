package lucid.grpo.laws;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import lucid.grpo.console.Console;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.run.RunFolder;
import lucid.grpo.train.Policy;
import lucid.grpo.train.Trainer;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;

/// A toy run in a JVM of its own: to be killed, or to have vectors of another width and lines of another system.
final class Child implements AutoCloseable {
    static final String EVALUATING = "evaluating";

    private final Process process;
    private final BufferedReader output;
    private final Path errors;

    /// @param bits width of a vector; 0: this machine's
    Child(Path folder, Path recipe, int threads, int bits) throws IOException { this(folder, recipe, threads, bits, 0); }

    /// @param kilobytes longest file that the operating system lets it write; 0: any. Needs bash.
    Child(Path folder, Path recipe, int threads, int bits, int kilobytes) throws IOException {
        List<String> command = new ArrayList<>();
        if (kilobytes > 0) command.addAll(List.of("bash", "-c", "ulimit -f " + kilobytes + "; exec \"$0\" \"$@\""));
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!flag.startsWith("-Dlucid.") && !flag.startsWith("-javaagent") && !flag.startsWith("-agentlib") && !flag.startsWith("-Xmx"))
                command.add(flag);
        }
        // Lines end as on Windows: no hash may depend on it.
        command.addAll(List.of("-Xmx512m", "-XX:-UsePerfData", "-Dline.separator=\r\n"));
        if (bits != 0) command.add("-Dlucid.vectorBits=" + bits);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Child.class.getName(), folder.toString(), recipe.toString(),
                "" + threads));
        errors = Files.createTempFile("child", ".txt");
        process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        output = process.inputReader(StandardCharsets.UTF_8);
    }

    /// The next line that the child prints: `open` when its run folder is, [#EVALUATING] some times in each evaluation, then the final hash. Null at
    /// its end.
    String line() throws IOException { return output.readLine(); }

    boolean isAlive() { return process.isAlive(); }

    /// SIGKILL: nothing of the child's own runs any more.
    int kill() throws InterruptedException {
        process.destroyForcibly();
        return process.waitFor();
    }

    /// Waits for the end. Returns the hash.
    String hash() throws IOException, InterruptedException {
        List<String> lines = new ArrayList<>();
        for (String line = line(); line != null; line = line()) lines.add(line);
        if (process.waitFor() != 0)
            throw new AssertionError("the child ended with " + process.exitValue() + ": " + lines + "\n" + Files.readString(errors));
        return lines.getLast();
    }

    /// Waits for an end that is a failure. Returns what it complained about.
    String failure() throws IOException, InterruptedException {
        while (line() != null) continue;
        if (process.waitFor() == 0) throw new AssertionError("the child ended well");
        return Files.readString(errors);
    }

    @Override public void close() {
        process.destroyForcibly();
        try {
            Files.delete(errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// FOLDER RECIPE THREADS
    public static void main(String[] args) {
        Path folder = Path.of(args[0]);
        Recipe recipe = RecipeReader.read(args[1]);
        try (Device device = new SimdDevice(Integer.parseInt(args[2])); Policy policy = new Policy(Toy.model(device));
                RunFolder run = Toy.open(folder, recipe, true)) {
            System.out.println("open");
            ToyData data = Toy.data();
            Trainer trainer = new Trainer(recipe, data, Toy.TOKENIZER, policy, run, Console.silent());
            data.atEvaluation(() -> System.out.println(EVALUATING));
            System.out.println(trainer.run().hash());
        }
    }
}
