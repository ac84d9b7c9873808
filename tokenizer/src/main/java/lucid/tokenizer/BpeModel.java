package lucid.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A byte-level BPE vocabulary: tokens in stand-in characters (see [ByteLevel]) and merges in the order of their rank. Immutable.
public final class BpeModel {
    private final Map<String, Integer> vocab;
    private final List<Merge> merges;
    private final MergeTable table;
    private final int[] idOfByte = new int[256];

    private BpeModel(Map<String, Integer> vocab, List<Merge> merges, MergeTable table) {
        this.vocab = java.util.Collections.unmodifiableMap(vocab);
        this.merges = List.copyOf(merges);
        this.table = table;
        for (int b = 0; b < 256; b++) {
            Integer id = vocab.get(String.valueOf(ByteLevel.charOf(b)));
            if (id == null) {
                throw new IllegalArgumentException(("vocabulary: byte 0x%02X ('%c') has no token; a byte-level vocabulary holds all 256, else some "
                        + "text could not be written").formatted(b, ByteLevel.charOf(b)));
            }
            idOfByte[b] = id;
        }
    }

    /// From a vocabulary and merges given by ids.
    ///
    /// @throws IllegalArgumentException when an id is used twice or negative, a byte is missing, or a merge is not the joining of its two tokens
    public static BpeModel of(Map<String, Integer> vocab, List<Merge> merges) {
        Map<Integer, String> tokens = new HashMap<>(vocab.size() * 2);
        vocab.forEach((token, id) -> {
            if (id < 0) throw new IllegalArgumentException("vocabulary: token '" + token + "' has the negative id " + id);
            String other = tokens.put(id, token);
            if (other != null)
                throw new IllegalArgumentException("vocabulary: id " + id + " belongs to two tokens, '" + other + "' and '" + token + "'");
        });
        MergeTable table = new MergeTable(merges.size());
        for (int rank = 0; rank < merges.size(); rank++) {
            Merge merge = merges.get(rank);
            String left = tokens.get(merge.left());
            String right = tokens.get(merge.right());
            String result = tokens.get(merge.result());
            if (left == null || right == null || result == null || !result.equals(left + right)) {
                throw new IllegalArgumentException("merges[" + rank + "]: ids " + merge.left() + " '" + left + "' and " + merge.right() + " '" + right
                    + "' do not join to id " + merge.result() + " '" + result + "'");
            }
            if (!table.add(merge.left(), merge.right(), merge.result())) {
                throw new IllegalArgumentException("merges[" + rank + "]: the pair '" + left + "' '" + right + "' is listed twice");
            }
        }
        return new BpeModel(new LinkedHashMap<>(vocab), merges, table);
    }

    /// From ranked byte strings, where a token's id is its rank, as in `*.tiktoken` files.
    ///
    /// The merges are implied: a token of rank r is encoded with the merges of lower ranks until two parts are left, and these two are its merge.
    public static BpeModel fromRanked(List<byte[]> ranked) {
        Map<String, Integer> vocab = LinkedHashMap.newLinkedHashMap(ranked.size());
        int[] idOfByte = new int[256];
        Set<Integer> seen = new HashSet<>();
        List<Merge> merges = new ArrayList<>(ranked.size());
        MergeTable table = new MergeTable(ranked.size());
        for (int id = 0; id < ranked.size(); id++) {
            byte[] bytes = ranked.get(id);
            if (vocab.put(ByteLevel.write(bytes), id) != null)
                throw new IllegalArgumentException("rank " + id + ": the token '" + ByteLevel.write(bytes) + "' is listed twice");
            if (bytes.length == 1) {
                idOfByte[bytes[0] & 0xFF] = id;
                seen.add(bytes[0] & 0xFF);
                continue;
            }
            int[] symbols = new int[bytes.length];
            for (int i = 0; i < bytes.length; i++) {
                if (!seen.contains(bytes[i] & 0xFF))
                    throw new IllegalArgumentException("rank " + id + ": holds byte 0x%02X before that byte's own rank".formatted(bytes[i]));
                symbols[i] = idOfByte[bytes[i] & 0xFF];
            }
            int parts = table.merge(symbols, symbols.length);
            if (parts != 2)
                throw new IllegalArgumentException("rank " + id + ": '" + ByteLevel.write(bytes) + "' splits into " + parts
                        + " tokens of lower rank, a merge has 2");
            merges.add(new Merge(symbols[0], symbols[1], id));
            table.add(symbols[0], symbols[1], id);
        }
        return new BpeModel(vocab, merges, table);
    }

    /// Token in stand-in characters to id; iteration order is that of the source.
    public Map<String, Integer> vocab() {
        return vocab;
    }

    /// The merges, by rank.
    public List<Merge> merges() {
        return merges;
    }

    int idOfByte(int b) {
        return idOfByte[b & 0xFF];
    }

    /// Encodes one piece, `text[from, to)`, whose surrogates are paired, and appends its ids.
    void encodePiece(char[] text, int from, int to, IntList out) {
        out.reserve(3 * (to - from));
        int[] symbols = out.size == 0 ? out.items : new int[3 * (to - from)];
        int n = symbolsOf(text, from, to, symbols);
        int left = table.merge(symbols, n);
        if (symbols != out.items) System.arraycopy(symbols, 0, out.items, out.size, left);
        out.size += left;
    }

    /// The UTF-8 bytes of `text[from, to)` as ids; at most three per char.
    private int symbolsOf(char[] text, int from, int to, int[] symbols) {
        int n = 0;
        for (int i = from; i < to; i++) {
            int c = text[i];
            if (c < 0x80) {
                symbols[n++] = idOfByte[c];
            } else if (c < 0x800) {
                symbols[n++] = idOfByte[0xC0 | c >> 6];
                symbols[n++] = idOfByte[0x80 | c & 0x3F];
            } else if (Character.isHighSurrogate((char) c)) {
                int cp = Character.toCodePoint((char) c, text[++i]);
                symbols[n++] = idOfByte[0xF0 | cp >> 18];
                symbols[n++] = idOfByte[0x80 | cp >> 12 & 0x3F];
                symbols[n++] = idOfByte[0x80 | cp >> 6 & 0x3F];
                symbols[n++] = idOfByte[0x80 | cp & 0x3F];
            } else {
                symbols[n++] = idOfByte[0xE0 | c >> 12];
                symbols[n++] = idOfByte[0x80 | c >> 6 & 0x3F];
                symbols[n++] = idOfByte[0x80 | c & 0x3F];
            }
        }
        return n;
    }
}
