package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class TokenizerCommandTest extends CommandTest {
    @TempDir Path temp;

    @Test void trainsEncodesDecodes() throws IOException {
        Path text = temp.resolve("text.txt");
        Files.writeString(text, "the ring moves up, the ring moves down, the bar moves up\n".repeat(20));
        Path folder = temp.resolve("tok");
        String made = lucid("tokenizer", "train", text, "--vocab", 270, "--special", "<end>", "--out", folder).ok().out();
        assertTrue(made.contains("270 tokens, 13 merges"), made);
        byte[] first = Files.readAllBytes(folder.resolve("tokenizer.json"));
        lucid("tokenizer", "train", text, "--vocab", 270, "--special", "<end>", "--out", folder).ok();
        assertTrue(java.util.Arrays.equals(first, Files.readAllBytes(folder.resolve("tokenizer.json"))), "the same text, another file");
        String ids = lucid("tokenizer", "encode", "--tokenizer", folder, "the bar über<end>").ok().out().strip();
        assertTrue(ids.endsWith(" 0"), "<end> is one token, with id 0: " + ids);
        Object[] words = java.util.stream.Stream.concat(java.util.stream.Stream.of("tokenizer", "decode", "--skip-special", "--tokenizer", folder),
                java.util.Arrays.stream(ids.split(" "))).toArray();
        assertEquals("the bar über", lucid(words).ok().out().strip());
        String info = lucid("tokenizer", "info", "--tokenizer", folder).ok().out();
        assertTrue(info.contains("ids 0..269") && info.contains("end token <end> (id 0)"), info);
        assertTrue(lucid("tokenizer", "encode", "--tokenizer", folder, "ring", "--json").ok().out().contains("\"tokens\":["));
    }

    @Test void convertsAndMeasures() throws IOException {
        String source = golden("tokenizer/bpe_train_400").toString();
        Path folder = temp.resolve("converted");
        lucid("tokenizer", "convert", "--tokenizer", source, "--out", folder).ok();
        String text = "the ring moves, über 漢字 27";
        assertEquals(lucid("tokenizer", "encode", "--tokenizer", source, text).ok().out(), lucid("tokenizer", "encode", "--tokenizer", folder, text)
                .ok().out());
        Path file = temp.resolve("text.txt");
        Files.writeString(file, (text + "\n").repeat(2000));
        JsonNode speed = new ObjectMapper().readTree(lucid("tokenizer", "speed", "--rounds", 2, "--tokenizer", folder, file).ok().out());
        assertEquals(Files.size(file), speed.get("bytes").asLong());
        assertTrue(speed.get("ids").asInt() > 2000 && speed.get("encode_mb_s").asDouble() > 0 && speed.get("decode_mb_s").asDouble() > 0,
                speed.toString());
        lucid("tokenizer", "speed", "--tokenizer", folder, temp.resolve("none.txt")).failedWith("none.txt", "no such file");
        assertEquals(2, lucid("tokenizer", "speed", "--rounds", 0, "--tokenizer", folder, file).status());
    }

    @Test void says() throws IOException {
        Path latin1 = temp.resolve("latin1.txt");
        Files.write(latin1, new byte[] {'a', (byte) 0xE4, 'b'});
        Path out = temp.resolve("tok");
        lucid("tokenizer", "train", latin1, "--vocab", 300, "--out", out).failedWith("latin1.txt", "not UTF-8");
        assertFalse(Files.exists(out), "a failed training leaves nothing");
        lucid("tokenizer", "train", temp.resolve("no.txt"), "--vocab", 300, "--out", out).failedWith("no.txt", "no such file");
        Path empty = Files.createFile(temp.resolve("empty.txt"));
        lucid("tokenizer", "train", empty, empty, "--vocab", 300, "--out", out)
                .failedWith(empty + ", " + empty + ": found nothing in it; wanted a text in UTF-8");
        lucid("tokenizer", "speed", "--tokenizer", golden("tokenizer/bpe_train_400"), empty).failedWith(empty + ": found nothing in it");
        assertFalse(Files.exists(out), "nothing was learned");
        Files.writeString(latin1, "fine");
        lucid("tokenizer", "train", latin1, "--vocab", 10, "--out", out).misusedWith("--vocab: found 10, wanted 257 or more");
        lucid("tokenizer", "train", latin1, "--vocab", 300, "--special", "", "--out", out)
                .misusedWith("lucid tokenizer train: special token '': it is empty; wanted a text");
        lucid("tokenizer", "train", latin1, "--vocab", 300, "--special", "<a>", "--special", "<a>", "--out", out)
                .misusedWith("lucid tokenizer train: special token '<a>': found twice; wanted each once");
        lucid("tokenizer", "train", latin1, "--vocab", 300, "--special", "a", "--out", out)
                .misusedWith("lucid tokenizer train: special token 'a': found the name of a byte");
        lucid("tokenizer", "info", "--tokenizer", temp).failedWith("no tokenizer here", "tokenizer.json");
        lucid("tokenizer", "encode", "--tokenizer", temp.resolve("gone"), "x").failedWith("gone", "no such tokenizer");
        lucid("tokenizer", "decode", "--tokenizer", golden("tokenizer/bpe_train_400"), "12", "twelve")
                .misusedWith("lucid tokenizer decode: id 2", "'twelve'", "whole number");
        lucid("tokenizer", "decode", "--tokenizer", golden("tokenizer/bpe_train_400"), "4000").failedWith("id 4000 has no token");
        assertEquals(2, lucid("tokenizer").status());
        assertEquals(2, lucid("tokenizer", "encode", "x").status());
    }

    /// A run's tokenizer says what its weights' rows are.
    @Test void leavesTheTokenizerOfAModelAlone() throws IOException {
        Path source = golden("tokenizer/bpe_train_400");
        Path text = Files.writeString(temp.resolve("text.txt"), "the ring moves up");
        Path model = temp.resolve("model");
        lucid("tokenizer", "convert", "--tokenizer", source, "--out", model).ok();
        lucid("tokenizer", "convert", "--tokenizer", source, "--out", model).ok();
        String tokenizer = Files.readString(model.resolve("tokenizer.json"));
        for (String beside : new String[] {"config.json", "adapter_config.json", "model.safetensors", "pytorch_model.bin.index.json"}) {
            Files.createFile(model.resolve(beside));
            String found = "--out " + model + ": found the tokenizer.json of a run or a model there, beside its " + beside + "; wanted another --out";
            lucid("tokenizer", "convert", "--tokenizer", source, "--out", model).failedWith("lucid tokenizer convert: " + found);
            lucid("tokenizer", "train", text, "--vocab", 300, "--out", model).failedWith("lucid tokenizer train: " + found);
            Files.delete(model.resolve(beside));
        }
        assertEquals(tokenizer, Files.readString(model.resolve("tokenizer.json")));
        Files.delete(model.resolve("tokenizer.json"));
        Files.createFile(model.resolve("config.json"));
        lucid("tokenizer", "convert", "--tokenizer", source, "--out", model).failedWith("found the tokenizer_config.json of a run");
        Files.delete(model.resolve("tokenizer_config.json"));
        lucid("tokenizer", "convert", "--tokenizer", source, "--out", model).ok();
    }

    @Test @DisabledOnOs(OS.WINDOWS)
    void readsAPipe() throws Exception {
        Path pipe = temp.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        Process writer = new ProcessBuilder("sh", "-c", "printf 'the ring moves up, the ring moves up' > '" + pipe + "'").start();
        lucid("tokenizer", "train", pipe, "--vocab", 270, "--out", temp.resolve("tok")).ok();
        assertEquals(0, writer.waitFor());
        lucid("tokenizer", "train", "/dev/null", "--vocab", 270, "--out", temp.resolve("none")).failedWith("/dev/null: found nothing in it");
    }
}
