package lucid.tokenizer;

import java.util.Arrays;

/// Remembers the ids of pieces already encoded. Direct-mapped and of fixed size: a newcomer takes the place of whoever hashed there before.
///
/// Shared between threads without locks: an entry is immutable, so a racing reader sees a whole entry or none, and a lost write costs one
/// recomputation.
final class PieceCache {
    private static final int SLOTS = 1 << 16;
    /// Longer pieces hardly ever come back.
    static final int LONGEST = 64;

    private record Entry(char[] piece, int[] ids) {}

    private final Entry[] entries = new Entry[SLOTS];

    static int hash(char[] text, int from, int to) {
        int hash = to - from;
        for (int i = from; i < to; i++) hash = hash * 31 + text[i];
        hash *= 0x9E3779B9;
        return hash >>> 16;
    }

    /// The ids of `text[from, to)`, or null.
    int[] get(int hash, char[] text, int from, int to) {
        Entry entry = entries[hash];
        return entry != null && Arrays.equals(entry.piece, 0, entry.piece.length, text, from, to) ? entry.ids : null;
    }

    void put(int hash, char[] text, int from, int to, int[] ids) {
        entries[hash] = new Entry(Arrays.copyOfRange(text, from, to), ids);
    }
}
