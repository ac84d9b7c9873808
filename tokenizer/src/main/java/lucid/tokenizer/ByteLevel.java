package lucid.tokenizer;

/// GPT-2's one-to-one map between the 256 bytes and 256 printable characters, in which vocabularies are written down.
///
/// Bytes that Latin-1 prints (33..126, 161..172, 174..255) stand for themselves; the other 68 take U+0100, U+0101, ... in byte order,
/// so a space is `Ġ` and a newline is `Ċ`.
public final class ByteLevel {
    private static final char[] CHAR_OF_BYTE = new char[256];
    private static final short[] BYTE_OF_CHAR = new short[256 + 68];

    static {
        java.util.Arrays.fill(BYTE_OF_CHAR, (short) -1);
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174;
            char c = (char) (printable ? b : next++);
            CHAR_OF_BYTE[b] = c;
            BYTE_OF_CHAR[c] = (short) b;
        }
    }

    private ByteLevel() {}

    /// The printable stand-in of byte `b` (0..255).
    public static char charOf(int b) {
        return CHAR_OF_BYTE[b & 0xFF];
    }

    /// The byte (0..255) that `c` stands for, or -1.
    public static int byteOf(char c) {
        return c < BYTE_OF_CHAR.length ? BYTE_OF_CHAR[c] : -1;
    }

    /// Bytes written in stand-in characters.
    public static String write(byte[] bytes) {
        char[] out = new char[bytes.length];
        for (int i = 0; i < out.length; i++) out[i] = charOf(bytes[i]);
        return new String(out);
    }

    /// The bytes of a token written in stand-in characters, or null when a character is no stand-in.
    public static byte[] read(String token) {
        byte[] out = new byte[token.length()];
        for (int i = 0; i < out.length; i++) {
            int b = byteOf(token.charAt(i));
            if (b < 0) return null;
            out[i] = (byte) b;
        }
        return out;
    }
}
