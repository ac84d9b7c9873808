package lucid.tokenizer;

import java.util.Arrays;

/// Turns ids into text as they arrive, never emitting half a character.
///
/// Bytes are held back until they end in a whole character other than U+FFFD. What is still incomplete at the end is never emitted
/// ([#pendingBytes] tells how much that is). Concatenated, the answers are the beginning of `decode` of all ids.
public final class StreamingDecoder {
    private final Tokenizer tokenizer;
    private final boolean skipSpecial;
    private byte[] pending = new byte[16];
    private int size;

    StreamingDecoder(Tokenizer tokenizer, boolean skipSpecial) {
        this.tokenizer = tokenizer;
        this.skipSpecial = skipSpecial;
    }

    /// Takes the next id; the text that has become certain, or the empty string.
    public String accept(int id) {
        byte[] bytes = tokenizer.bytesOf(id);
        if (skipSpecial && tokenizer.isSpecial(id)) return "";
        if (size + bytes.length > pending.length) pending = Arrays.copyOf(pending, Math.max(pending.length * 2, size + bytes.length));
        System.arraycopy(bytes, 0, pending, size, bytes.length);
        size += bytes.length;
        if (!Utf8.endsInWholeCharacter(pending, size)) return "";
        String text = Utf8.decode(pending, size);
        size = 0;
        return text;
    }

    /// Bytes held back.
    public int pendingBytes() {
        return size;
    }
}
