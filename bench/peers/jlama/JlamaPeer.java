import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.prompt.PromptContext;
import com.github.tjake.jlama.util.PhysicalCoreExecutor;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.UUID;

/// Jlama's side of `generate_full.py`, which starts it: for every line on standard input one prompt of about `rows` rows and the tokens behind it, as
/// one line of JSON with the seconds of either. Weights as they are stored, f32 arithmetic, Jlama's own native kernels where its jar has them.
///
/// Arguments: the folder of a Qwen2 checkpoint with `tokenizer.json`, rows of the prompt, new tokens, threads, `seconds` or `cpu` (processor seconds
/// of the whole process).
final class JlamaPeer {
    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final String WORDS = " ring and the bar and the pole and the square moves,";

    public static void main(String[] args) throws Exception {
        int rows = Integer.parseInt(args[1]);
        int tokens = Integer.parseInt(args[2]);
        boolean cpu = args[4].equals("cpu");
        // Its own count is half of the processors, as if every core were two of them.
        PhysicalCoreExecutor.overrideThreadCount(Integer.parseInt(args[3]));
        AbstractModel model = ModelSupport.loadModel(new File(args[0]), DType.F32, DType.F32);
        int each = model.getTokenizer().encode(WORDS).length;
        String prompt = "The" + WORDS.repeat((rows - 1) / each);
        int length = model.getTokenizer().encode(prompt).length;
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        while (in.readLine() != null) {
            double start = clock(cpu);
            double[] first = {0};
            double[] last = {0};
            int[] drawn = {0};
            // The first token comes with the prompt's last row; a position is added for each that follows.
            model.generate(UUID.randomUUID(), PromptContext.of(prompt), 0f, length + 1 + tokens, (_, _) -> {
                last[0] = clock(cpu);
                if (drawn[0]++ == 0) first[0] = last[0];
            });
            System.out.printf(Locale.ROOT, "{\"workload\": \"jlama\", \"rows\": %d, \"prompt\": %.4f, \"tokens\": %d, \"decode\": %.4f}%n", length,
                    first[0] - start, drawn[0] - 1, last[0] - first[0]);
        }
    }

    private static double clock(boolean cpu) { return cpu ? SYSTEM.getProcessCpuTime() / 1e9 : System.nanoTime() / 1e9; }
}
