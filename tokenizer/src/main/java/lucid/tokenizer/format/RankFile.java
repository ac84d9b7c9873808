package lucid.tokenizer.format;

import lucid.tokenizer.AddedToken;
import lucid.tokenizer.BpeModel;
import lucid.tokenizer.Tokenizer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// `*.tiktoken` rank files: a line is `base64(token bytes)`, a space and the rank, which is the id. They hold no merges and no added tokens:
/// the merges follow from the ranks ([BpeModel#fromRanked]), the added tokens are those of Qwen2.
public final class RankFile {
    /// What Qwen2 and Qwen2.5 add behind their 151,643 tokens.
    private static final List<String> SPECIAL = List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>",
            "<|box_start|>",
        "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>");
    private static final List<String> NOT_SPECIAL = List.of("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>",
            "<|fim_pad|>",
        "<|repo_name|>", "<|file_sep|>");

    private RankFile() {}

    /// Reads a rank file as Qwen2's vocabulary, added tokens behind the last rank, `<|endoftext|>` the end token.
    public static Tokenizer readQwen2(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return readQwen2(in, path.toString());
        }
    }

    /// The same from a stream; `name` is what error messages call it.
    public static Tokenizer readQwen2(InputStream in, String name) throws IOException {
        List<byte[]> ranked = new ArrayList<>();
        BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.ISO_8859_1));
        for (String line; (line = reader.readLine()) != null; ) ranked.add(token(line, name, ranked.size()));
        try {
            List<AddedToken> added = new ArrayList<>();
            for (String content : SPECIAL) added.add(new AddedToken(ranked.size() + added.size(), content, true));
            for (String content : NOT_SPECIAL) added.add(new AddedToken(ranked.size() + added.size(), content, false));
            return new Tokenizer(BpeModel.fromRanked(ranked), added, true, SPECIAL.getFirst());
        } catch (IllegalArgumentException e) {
            throw new TokenizerFormatException(name + ": " + e.getMessage(), e);
        }
    }

    private static byte[] token(String line, String name, int rank) {
        String wanted = "', wanted 'base64(token) " + rank + "': ranks ascend from 0 without gaps";
        int space = line.indexOf(' ');
        if (space < 1 || !line.substring(space + 1).equals(Integer.toString(rank))) {
            throw new TokenizerFormatException(name + ": line " + (rank + 1) + ": found '"
                    + (line.length() > 80 ? line.substring(0, 80) + "..." : line) + wanted);
        }
        try {
            return Base64.getDecoder().decode(line.substring(0, space));
        } catch (IllegalArgumentException e) {
            throw new TokenizerFormatException(name + ": line " + (rank + 1) + ": '" + line.substring(0, space) + "' is not base64: "
                    + e.getMessage(), e);
        }
    }
}
