import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.prompt.PromptContext;
import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.UUID;

/// Jlama on a Qwen2 folder: CPU seconds of the whole process for the prompt and for every token after the first, f32 arithmetic on the stored
/// weights. Three repetitions; the last ones count.
///
/// ```
/// lucid init --config qwen2.5-3b --out qwen-3b --seed 1 --tokenizer FOLDER && lucid tokenizer convert --tokenizer qwen-3b --out qwen-3b      (Jlama
/// wants a tokenizer.json) mvn -q -f bench/peers/jlama org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies
/// -DoutputDirectory=target/lib java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp "bench/peers/jlama/target/lib/*"
/// bench/peers/jlama/JlamaPeer.java qwen-3b lucid peer full_decode --model qwen-3b --threads 1 --cpu
///                 (Lucid's side: 8 tokens)
/// ```
final class JlamaPeer {
    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final String WORDS = " ring and the bar and the pole and the square moves,";
    private static final int NEW_TOKENS = 16;

    public static void main(String[] args) throws Exception {
        AbstractModel model = ModelSupport.loadModel(new File(args[0]), DType.F32, DType.F32);
        String prompt = "The" + WORDS.repeat(6);
        int length = model.getTokenizer().encode(prompt).length;
        for (int i = 0; i < 3; i++) {
            double start = cpu();
            double[] first = {0};
            int[] drawn = {0};
            model.generate(UUID.randomUUID(), PromptContext.of(prompt), 0f, length + 1 + NEW_TOKENS, (_, _) -> {
                if (drawn[0]++ == 0) first[0] = cpu();
            });
            System.out.printf(Locale.ROOT, "jlama 0.8.4: prompt of %d tokens %.2f CPU s, then %.3f CPU s per token (%d tokens)%n", length,
                    first[0] - start, (cpu() - first[0]) / (drawn[0] - 1), drawn[0]);
        }
    }

    private static double cpu() { return SYSTEM.getProcessCpuTime() / 1e9; }
}
