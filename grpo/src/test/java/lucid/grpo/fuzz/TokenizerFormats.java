package lucid.grpo.fuzz;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import lucid.tokenizer.AddedToken;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Merge;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerFiles;
import lucid.tokenizer.format.TokenizerJson;
import lucid.tokenizer.format.VocabMerges;

/// Vocabularies in each of their layouts.
final class TokenizerFormats {
    private static final String TEXT = "the cat's hat, it's 2026!\n\n <|im_end|>e\u0301 \u4E2D\u6587 \uD83D\uDE42";

    private TokenizerFormats() {}

    static List<Format> all() throws IOException {
        Tokenizer small = new BpeTrainer(280, 1, List.of("<|endoftext|>", "<|im_end|>")).train(List.of("the cat sat on the mat", "the hat"))
                .tokenizer();
        Map<String, byte[]> old = old(small);
        old.put("special_tokens_map.json",
                WeightFormats.text("{\"eos_token\":{\"content\":\"<|endoftext|>\"},\"additional_special_tokens\":[\"<|im_end|>\"]}"));
        StringBuilder ranks = new StringBuilder();
        for (int i = 0; i < 256; i++) ranks.append(Base64.getEncoder().encodeToString(new byte[] {(byte) i})).append(' ').append(i).append('\n');
        ranks.append("dGg= 256\ndGhl 257\nIHRoZQ== 258\n");
        List<Format> out = new ArrayList<>();
        out.add(new Format("tokenizer", Format.Kind.TEXT, "tokenizer.json", TokenizerJson.toBytes(small), Map.of(),
                folder -> vocabulary(folder, TokenizerFormats::single)));
        for (String file : List.of("vocab.json", "merges.txt", "added_tokens.json", "tokenizer_config.json", "special_tokens_map.json")) {
            Map<String, byte[]> beside = new TreeMap<>(old);
            byte[] original = beside.remove(file);
            // Each of these two hides the other's specials.
            if (file.equals("special_tokens_map.json")) beside.remove("tokenizer_config.json");
            out.add(new Format(file.replaceAll("[.].*", "").replace('_', '-'), Format.Kind.TEXT, file, original, beside,
                    folder -> vocabulary(folder, tokenizer -> _ -> parts(folder, tokenizer))));
        }
        out.add(new Format("tiktoken", Format.Kind.TEXT, "x.tiktoken", WeightFormats.text(ranks.toString()), Map.of(),
                folder -> vocabulary(folder.resolve("x.tiktoken"), TokenizerFormats::ranks)));
        return out;
    }

    private static Map<String, byte[]> old(Tokenizer tokenizer) throws IOException {
        Path folder = Files.createTempDirectory("seed");
        Map<String, byte[]> out = new TreeMap<>();
        VocabMerges.write(tokenizer, folder);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                out.put(file.getFileName().toString(), Files.readAllBytes(file));
                Files.delete(file);
            }
        }
        Files.delete(folder);
        return out;
    }

    private interface Judge {
        Format.Check of(Tokenizer tokenizer);
    }

    private static Format.Check vocabulary(Path path, Judge judge) throws IOException {
        Tokenizer tokenizer = TokenizerFiles.load(path);
        int[] ids = tokenizer.encode(TEXT);
        String text = tokenizer.decode(ids, false);
        return file -> {
            // Added tokens that the damage made may swallow any text; decoding must still give it back.
            if (!text.equals(TEXT))
                Format.same(tokenizer.nfc() ? Normalizer.normalize(TEXT, Normalizer.Form.NFC) : TEXT, text, "encoded and decoded");
            judge.of(tokenizer).check(file);
        };
    }

    private static Format.Check single(Tokenizer t) {
        return file -> {
            Map<?, ?> root = StrictJson.object(file);
            Map<?, ?> model = (Map<?, ?>) root.get("model");
            sameVocabulary((Map<?, ?>) model.get("vocab"), t);
            List<String> merges = new ArrayList<>();
            for (Object m : (List<?>) model.get("merges")) merges.add(m instanceof List<?> pair ? pair.get(0) + " " + pair.get(1) : (String) m);
            Format.same(merges, merges(t), "merges");
            Map<Integer, AddedToken> added = new TreeMap<>();
            Object list = Format.member(root, "added_tokens");
            for (Object a : list == null ? List.of() : (List<?>) list)
                added(added, (Map<?, ?>) a, ((BigDecimal) ((Map<?, ?>) a).get("id")).intValueExact(), false);
            Format.same(List.copyOf(added.values()), t.added(), "added_tokens");
            Format.same(Format.member(root, "normalizer") != null, t.nfc(), "normalizer");
            for (String none : List.of("truncation", "padding")) Format.same(null, Format.member(root, none), none);
            for (String none : List.of("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")) {
                Object value = Format.member(model, none);
                if (value != null && !value.equals("")) throw new AssertionError(none + ": " + value);
            }
            for (String off : List.of("byte_fallback", "ignore_merges"))
                if (Format.member(model, off) != null) Format.same(model.get(off), false, off);
        };
    }

    /// @param unlessSpecial what an absent `normalized` says: true unless special, as in tokenizer_config.json, or false
    private static void added(Map<Integer, AddedToken> into, Map<?, ?> token, int id, boolean unlessSpecial) {
        boolean special = (Boolean) token.get("special");
        Object normalized = Format.member(token, "normalized");
        into.put(id, new AddedToken(id, (String) token.get("content"), special,
                normalized == null ? unlessSpecial && !special : (Boolean) normalized));
        for (String off : List.of("single_word", "lstrip", "rstrip")) if (Format.member(token, off) != null) Format.same(token.get(off), false, off);
    }

    private static void sameVocabulary(Map<?, ?> vocab, Tokenizer t) {
        Map<String, Integer> wanted = new TreeMap<>();
        vocab.forEach((token, id) -> wanted.put((String) token, ((BigDecimal) id).intValueExact()));
        Format.same(wanted, new TreeMap<>(t.model().vocab()), "vocab");
    }

    private static List<String> merges(Tokenizer t) {
        List<String> out = new ArrayList<>();
        for (Merge m : t.model().merges()) out.add(t.token(m.left()) + " " + t.token(m.right()));
        return out;
    }

    private static void parts(Path folder, Tokenizer t) throws IOException {
        sameVocabulary(StrictJson.object(Files.readAllBytes(folder.resolve("vocab.json"))), t);
        String lines = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(Files.readAllBytes(folder.resolve("merges.txt")))).toString();
        Format.same(lines.lines().filter(l -> !l.isEmpty() && !l.startsWith("#version")).toList(), merges(t), "merges");
        Map<Integer, AddedToken> added = new TreeMap<>();
        Set<String> named = new HashSet<>(Set.of("<|endoftext|>"));
        Path config = folder.resolve("tokenizer_config.json");
        if (Files.exists(config)) {
            Map<?, ?> root = StrictJson.object(Files.readAllBytes(config));
            strings(root, named);
            Object decoder = Format.member(root, "added_tokens_decoder");
            if (decoder != null) ((Map<?, ?>) decoder).forEach((id, token) -> added(added, (Map<?, ?>) token, Integer.parseInt((String) id), true));
            Object eos = Format.member(root, "eos_token");
            Object said = eos instanceof Map<?, ?> m ? m.get("content") : eos;
            if (said != null) Format.same(said, t.eos(), "eos_token");
        }
        strings(StrictJson.object(Files.readAllBytes(folder.resolve("special_tokens_map.json"))), named);
        StrictJson.object(Files.readAllBytes(folder.resolve("added_tokens.json"))).forEach((content, id) -> {
            int n = ((BigDecimal) id).intValueExact();
            added.putIfAbsent(n, new AddedToken(n, (String) content, t.isSpecial(n), !t.isSpecial(n)));
        });
        for (AddedToken token : t.added()) {
            AddedToken listed = added.remove(token.id());
            // What is named is special and not normalized; it may have no id in the lists.
            if (token.special() && named.contains(token.content()))
                listed = new AddedToken(token.id(), listed == null ? token.content() : listed.content(), true);
            Format.same(listed, token, "added token");
        }
        Format.same(Map.of(), added, "added tokens that were left out");
    }

    /// Adds every string that stands in the value, however deep; no keys.
    private static void strings(Object value, Set<String> into) {
        switch (value) {
            case String s -> into.add(s);
            case Map<?, ?> m -> m.values().forEach(v -> strings(v, into));
            case List<?> l -> l.forEach(v -> strings(v, into));
            default -> {}
        }
    }

    private static Format.Check ranks(Tokenizer t) {
        return file -> {
            List<String> lines = new String(file, StandardCharsets.ISO_8859_1).lines().toList();
            Format.same(lines.size(), t.model().vocab().size(), "ranks");
            for (int i = 0; i < lines.size(); i++) {
                Format.same(i + "", lines.get(i).substring(lines.get(i).indexOf(' ') + 1), "rank");
                byte[] wanted = Base64.getDecoder().decode(lines.get(i).substring(0, lines.get(i).indexOf(' ')));
                Format.same(wanted.length, t.token(i).length(), "bytes of " + i);
            }
        };
    }
}
