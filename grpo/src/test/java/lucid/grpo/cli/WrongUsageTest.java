package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/// A command line that cannot be understood: one line says what is wrong, one where the help is, and the exit status is 2.
class WrongUsageTest extends CommandTest {
    @TempDir Path temp;

    private static void wrong(String command, String what, Object... args) {
        Outcome o = lucid(args);
        assertEquals("lucid" + command + ": " + what + "\n(see lucid" + command + " --help)\n", o.err().replace("\r\n", "\n"));
        assertEquals(2, o.status());
        assertEquals("", o.out());
    }

    /// Words of all commands, those of `bench` apart, which another module brings.
    private static Stream<CommandLine> all(CommandLine line) {
        return Stream.concat(Stream.of(line), line.getSubcommands().values().stream().flatMap(WrongUsageTest::all));
    }

    @Test void everyCommandNamesAnOptionThatItHasNot() {
        all(Lucid.commandLine()).forEach(c -> {
            String name = c.getCommandSpec().qualifiedName().substring("lucid".length());
            List<Object> words = new ArrayList<>(name.isEmpty() ? List.of() : List.of((Object[]) name.strip().split(" ")));
            // An option that is missing as well is not what is wrong first.
            words.add("--helpp");
            wrong(name, "unknown option --helpp; did you mean --help?", words.toArray());
            words.set(words.size() - 1, "--nothing-that-is-near=7");
            wrong(name, "unknown option --nothing-that-is-near", words.toArray());
        });
    }

    @Test void everyGroupNamesItsCommands() {
        all(Lucid.commandLine()).filter(c -> !c.getSubcommands().isEmpty()).forEach(c -> {
            String name = c.getCommandSpec().qualifiedName().substring("lucid".length());
            wrong(name, "which command? one of " + String.join(", ", c.getSubcommands().keySet()),
                    name.isEmpty() ? new Object[0] : new Object[] {name.strip()});
        });
        wrong("", "unknown command evla; did you mean eval?", "evla");
        wrong(" model", "unknown command inof; did you mean info?", "model", "inof");
        wrong(" report", "unexpected argument 'b'", "report", "a", "b");
    }

    @Test void valuesThatAreMissingOrNoNumbers() {
        wrong(" eval", "missing required parameter for option '--model' (DIR|ID)", "eval", "--model");
        wrong(" eval", "expected parameter for option '--model' but found '--direct'", "eval", "--model", "--direct");
        wrong(" eval", "invalid value for option '--limit': found 'few', wanted a whole number", "eval", "--model", "x", "--limit", "few");
        wrong(" generate", "invalid value for option '--temperature': found 'hot', wanted a number", "generate", "--model", "x", "--temperature=hot");
        wrong(" init", "missing required options: '--config=NAME|FILE|DIR', '--out=DIR', '--seed=N'", "init");
        wrong(" generate", "--question: it is empty, wanted a text", "generate", "--model", "x", "--video", "y", "--question", " ");
        wrong(" convert", "--merge-adapter=DIR, --unmerge-adapter=DIR are mutually exclusive (specify only one)", "convert", "a", "b",
                "--merge-adapter", "c", "--unmerge-adapter", "d");
    }

    @Test void optionsOfABenchmarkWithoutABenchmark() {
        for (String[] lonely : new String[][] {{"--frames", "8"}, {"--weights", "mapped"}, {"--max-new-tokens=9"}, {"--resume"}}) {
            String what = lonely[0].split("=")[0] + " belongs to --benchmark NAME|FILE; wanted both of them, or neither";
            wrong(" eval", what, Stream.concat(Stream.of("eval", "--model", "x"), Stream.of(lonely)).toArray());
        }
        wrong(" eval", "missing required parameter for option '--benchmark' (NAME|FILE)", "eval", "--model", "x", "--frames", "8", "--benchmark");
    }

    /// What is known to be wrong without a look at any file.
    @ParameterizedTest @CsvSource(delimiter = '|', textBlock = """
            model info . --frames 0                                     | --frames: found 0, wanted 1 or more
            generate --model . --video a --question b --frames 0        | --frames: found 0, wanted 1 or more, or 1fps
            generate --model .                                          | wanted --video FILE and --question TEXT, or --prompt TEXT
            eval --model . --limit -1                                   | --limit: found -1, wanted 0 or more
            eval --model . --temperature -1                             | --temperature: found -1.0, wanted 0 (greedy) or a number above it
            eval --model . --temperature NaN                            | --temperature: found NaN, wanted 0 (greedy) or a number above it
            eval --model . --temperature 1 --top-k -1                   | --top-k: found -1, wanted 0 or more
            model info . --completions 1                                | --completions: found 1, wanted 2 or more
            generate --model . --prompt a --temperature -1              | --temperature: found -1.0, wanted 0 (greedy) or a number above it
            generate --model . --prompt a --temperature 0 --sample      | --temperature: found 0.0, wanted a number above 0 with --sample
            generate --model . --prompt a --temperature 1 --top-k -1    | --top-k: found -1, wanted 0 or more
            generate --model . --prompt a --temperature 1 --top-p 0     | --top-p: found 0.0, wanted a number above 0, at most 1
            generate --model . --prompt a --temperature 1 --min-p 2     | --min-p: found 2.0, wanted a number from 0 to 1
            generate --model . --video a --question b --option A=       | option 'A=': its text is empty, wanted A=TEXT
            generate --model . --prompt a --memory twenty               | invalid value for option '--memory': found 'twenty', wanted a size such as 20G or 512M
            eval --model . --top-k 5                                    | --top-k chooses among samples: wanted --temperature above 0 with it
            eval --model . --temperature 0 --top-k 5                    | --top-k chooses among samples: wanted --temperature above 0 with it
            eval --model . --benchmark nextqa --frames 0                | --frames: found 0, wanted 1 or more, or 1fps
            eval --model . --benchmark nextqa --max-new-tokens 0        | --max-new-tokens: found 0, wanted 1 or more
            data drift --clips 0                                        | 0 training clips, wanted at least 64
            data drift --held-out -1                                    | -1 held-out questions, wanted at least 5 (one of each kind)
            tokenizer train a --vocab 257 --special x --special y --out b | --vocab: found 257, wanted 258 or more
            tokenizer train a --vocab 300 --min-frequency 0 --out b     | --min-frequency: found 0, wanted 1 or more
            tokenizer speed --tokenizer a b --rounds 0                  | --rounds: found 0, wanted 1 or more
            replay . --step 0                                           | --step: found 0, wanted 1 or more
            inspect . --prompt 1                                        | --prompt needs --step as well
            convert a b --max-shard-mb 0                                | --max-shard-mb: found 0, wanted 1 to 1000000000
            ptx run a --grid 0                                          | --grid: found '0', every size must be at least 1
            ptx run a --shared -1                                       | --shared: found -1, wanted 0 or more
            ptx run a --workers 0                                       | --workers: found 0, wanted 1 or more
            ptx trace a --lane 40                                       | --lane: found 40, wanted 0 to 31
            ptx trace a --count 0                                       | --count: found 0, wanted 1 or more
            devices x                                                   | unexpected argument 'x'
            """)
    void optionsThatMakeNoSense(String line, String what) {
        Object[] words = line.split(" +");
        String group = List.of("model", "data", "tokenizer", "ptx").contains(words[0]) ? " " + words[1] : "";
        wrong(" " + words[0] + group, what, words);
    }

    /// What a command needs for this recipe, it needs as any other option.
    @Test void aRecipeWithoutAModelOfItsOwn() {
        Path out = temp.resolve("out");
        wrong(" sft", "wanted --model DIR|ID: recipe tinyllava-video has no model of its own", "sft", "--recipe", "tinyllava-video", "--out", out);
        wrong(" train", "wanted --model DIR|ID: the grpo stages of recipe tinyllava-video-r1 go on from a model that can answer", "train",
                "--out", out);
        wrong(" demo", "--recipe tinyllava-video-r1: recipe tinyllava-video-r1 has no model of its own to begin with; lucid sft and lucid train run "
                + "its stages on one that --model names",
                "demo", "--recipe", "tinyllava-video-r1", "--out", out);
        assertFalse(Files.exists(out));
    }
}
