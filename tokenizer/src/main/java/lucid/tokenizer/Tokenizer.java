package lucid.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Consumer;

/// Byte-level BPE as Qwen2 uses it: text to ids and back. Immutable and safe for any number of threads.
///
/// The way of a text: added tokens are cut out; what lies between is put in NFC, added tokens that are `normalized` are cut out of that; the rest is
/// split into pieces ([PreTokenizer]), and each piece's UTF-8 bytes are merged by rank. Nothing is put in front or behind, so `decode(encode(text),
/// false)` is the text in NFC.
public final class Tokenizer {
    /// Tables are as long as the largest id, so a damaged one may not ask for gigabytes. Published vocabularies have up to about 260,000.
    private static final int MAX_IDS = 1 << 22;

    private final BpeModel model;
    private final List<AddedToken> added;
    private final boolean nfc;
    private final String eos;
    private final AddedTokens raw;
    private final AddedTokens normalized;
    private final Map<String, Integer> idOfAdded = new HashMap<>();
    private final String[] tokens;
    private final byte[][] bytes;
    private final boolean[] special;
    private final PieceCache cache = new PieceCache();

    /// @param model the vocabulary; it may hold the added tokens as well
    /// @param added tokens that are never split
    /// @param nfc   whether text between added tokens is put in NFC
    /// @param eos   content of the added token that ends a text, or null when there is none
    public Tokenizer(BpeModel model, List<AddedToken> added, boolean nfc, String eos) {
        this.model = Objects.requireNonNull(model, "Tokenizer: model is null");
        this.added = added.stream().sorted(Comparator.comparingInt(AddedToken::id)).toList();
        this.nfc = nfc;
        this.eos = eos;
        int size = 0;
        for (int id : model.vocab().values()) size = Math.max(size, Math.min(id, MAX_IDS) + 1);
        for (AddedToken token : added) size = Math.max(size, Math.min(token.id(), MAX_IDS) + 1);
        if (size > MAX_IDS)
            throw new IllegalArgumentException("vocabulary: found an id beyond " + MAX_IDS + ", wanted ids near the number of tokens, "
                    + model.vocab().size() + " and " + added.size() + " added");
        tokens = new String[size];
        bytes = new byte[size][];
        special = new boolean[size];
        model.vocab().forEach((token, id) -> tokens[id] = token);
        for (AddedToken token : this.added) place(token);
        this.raw = new AddedTokens(byText(false));
        this.normalized = new AddedTokens(byText(true));
        for (int id = 0; id < size; id++) {
            if (tokens[id] == null || bytes[id] != null) continue;
            bytes[id] = ByteLevel.read(tokens[id]);
            if (bytes[id] == null)
                throw new IllegalArgumentException("vocabulary: token '" + tokens[id] + "' (id " + id + ") is neither byte-level nor an added token");
        }
        if (eos != null && !idOfAdded.containsKey(eos))
            throw new IllegalArgumentException("Tokenizer: the end token '" + eos + "' is not among the added tokens "
            + (idOfAdded.size() > 40 ? "(" + idOfAdded.size() + ")" : idOfAdded.keySet()));
    }

    private Map<String, AddedToken> byText(boolean normalized) {
        Map<String, AddedToken> byText = new HashMap<>();
        for (AddedToken token : added) {
            if (token.normalized() != normalized) continue;
            AddedToken other = byText.put(written(token), token);
            // Hugging Face's tokenizers takes one or the other, by chance.
            if (other != null)
                throw new IllegalArgumentException("added tokens '" + other.content() + "' (id " + other.id() + ") and '" + token.content() + "' (id "
                        + token.id()
                + ") are the same text once normalised; wanted one of them, or normalized false");
        }
        return byText;
    }

    /// The text that stands for the token in a text that has been encoded.
    private String written(AddedToken token) {
        return token.normalized() ? normal(token.content()) : token.content();
    }

    private String normal(String text) {
        return nfc ? Nfc.normalize(text) : Nfc.wellFormed(text);
    }

    private void place(AddedToken token) {
        String there = tokens[token.id()];
        Integer inVocab = model.vocab().get(token.content());
        if (bytes[token.id()] != null || there != null && !there.equals(token.content()) || inVocab != null && inVocab != token.id()) {
            throw new IllegalArgumentException("added token '" + token.content() + "': id " + token.id()
                    + " disagrees with the vocabulary, where the id is '" + there
                + "' and the text has id " + inVocab);
        }
        if (idOfAdded.put(token.content(), token.id()) != null)
            throw new IllegalArgumentException("added token '" + token.content() + "' is listed twice");
        tokens[token.id()] = token.content();
        bytes[token.id()] = written(token).getBytes(StandardCharsets.UTF_8);
        special[token.id()] = token.special();
    }

    /// The ids of `text`.
    ///
    /// @throws IllegalArgumentException for a string with an unpaired surrogate
    public int[] encode(String text) {
        Objects.requireNonNull(text, "encode: text is null");
        IntList out = new IntList(text.length() / 3 + 8);
        cut(text, raw, token -> out.add(token.id()), between -> cut(normal(between), normalized, token -> out.add(token.id()),
                rest -> encodeOrdinary(rest, out)));
        return out.toArray();
    }

    /// Gives each added token of `text` and each text between them to its taker, from left to right.
    private static void cut(String text, AddedTokens finder, Consumer<AddedToken> tokens, Consumer<String> between) {
        for (int at = 0; at < text.length(); ) {
            AddedTokens.Match match = finder.find(text, at);
            int end = match == null ? text.length() : match.start();
            if (end > at) between.accept(text.substring(at, end));
            if (match == null) break;
            tokens.accept(match.token());
            at = match.end();
        }
    }

    private void encodeOrdinary(String text, IntList out) {
        char[] chars = text.toCharArray();
        for (int from = 0; from < chars.length; ) {
            int to = PreTokenizer.next(chars, from, chars.length);
            if (to - from > PieceCache.LONGEST) model.encodePiece(chars, from, to, out);
            else encodeCached(chars, from, to, out);
            from = to;
        }
    }

    private void encodeCached(char[] chars, int from, int to, IntList out) {
        int hash = PieceCache.hash(chars, from, to);
        int[] ids = cache.get(hash, chars, from, to);
        if (ids == null) {
            IntList fresh = new IntList(3 * (to - from));
            model.encodePiece(chars, from, to, fresh);
            ids = fresh.toArray();
            cache.put(hash, chars, from, to, ids);
        }
        out.addAll(ids);
    }

    /// The text that ids stand for. Bytes that are not UTF-8 give one U+FFFD per maximal ill-formed part, counted over all ids together.
    ///
    /// @param skipSpecial whether special tokens are left out before the bytes are joined
    /// @throws IllegalArgumentException for an id without a token
    public String decode(int[] ids, boolean skipSpecial) {
        int length = 0;
        for (int id : ids) length += bytesOf(id).length;
        byte[] joined = new byte[length];
        int at = 0;
        for (int id : ids) {
            if (skipSpecial && special[id]) continue;
            System.arraycopy(bytes[id], 0, joined, at, bytes[id].length);
            at += bytes[id].length;
        }
        return Utf8.decode(joined, at);
    }

    /// A decoder for ids that arrive one by one. Not shared between threads.
    public StreamingDecoder stream(boolean skipSpecial) {
        return new StreamingDecoder(this, skipSpecial);
    }

    /// What the pre-tokeniser makes of `text` (in NFC), each added token being one piece.
    public List<String> pieces(String text) {
        List<String> pieces = new ArrayList<>();
        cut(text, raw, token -> pieces.add(token.content()),
                between -> cut(normal(between), normalized, token -> pieces.add(written(token)), rest -> {
            char[] chars = rest.toCharArray();
            for (int from = 0, to; from < chars.length; from = to) {
                to = PreTokenizer.next(chars, from, chars.length);
                pieces.add(new String(chars, from, to - from));
            }
        }));
        return pieces;
    }

    /// The text whose UTF-8 bytes the ids of `text` spell out: NFC between added tokens.
    public String normalize(String text) {
        return String.join("", pieces(text));
    }

    /// One more than the largest id.
    public int vocabSize() {
        return tokens.length;
    }

    /// The id of the token that ends a text.
    public int eosId() {
        if (eos == null)
            throw new IllegalStateException("eosId: this tokenizer names no end token; give one when building it or an eos_token in "
                    + "tokenizer_config.json");
        return idOfAdded.get(eos);
    }

    /// Content of the end token, or null.
    public String eos() {
        return eos;
    }

    /// The id of an added token, by its exact text.
    public OptionalInt addedId(String content) {
        Integer id = idOfAdded.get(content);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /// The token as the vocabulary writes it: stand-in characters (`Ġthe`), or an added token's text.
    public String token(int id) {
        bytesOf(id);
        return tokens[id];
    }

    /// One token's text for people: its bytes as UTF-8, those that are a piece of a character only as `\xE4`; empty for an id that the vocabulary
    /// lacks, as [#bytes].
    public String text(int id) {
        return Utf8.escaped(bytes(id));
    }

    /// How many UTF-8 bytes the id stands for.
    public int byteLength(int id) {
        return bytesOf(id).length;
    }

    /// Whether `decode(ids, true)` drops the id.
    public boolean isSpecial(int id) {
        bytesOf(id);
        return special[id];
    }

    /// Vocabulary and merges; the added tokens may be in it as well.
    public BpeModel model() {
        return model;
    }

    /// The added tokens by id.
    public List<AddedToken> added() {
        return added;
    }

    /// Whether text is brought into Unicode's normal form C before it is cut into pieces, as Qwen2 wants it.
    public boolean nfc() {
        return nfc;
    }

    /// The bytes an id stands for; none for one that the vocabulary lacks (a model's head may have more rows than the tokenizer has tokens).
    public byte[] bytes(int id) {
        return id >= 0 && id < tokens.length && bytes[id] != null ? bytes[id].clone() : new byte[0];
    }

    byte[] bytesOf(int id) {
        if (id < 0 || id >= tokens.length || bytes[id] == null) {
            throw new IllegalArgumentException("id " + id + " has no token; this vocabulary has ids 0.." + (tokens.length - 1)
                + ". A model's output layer may be wider than its vocabulary: mask those logits");
        }
        return bytes[id];
    }
}
