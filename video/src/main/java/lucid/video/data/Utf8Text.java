package lucid.video.data;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/// The text of a file that people write, with whatever editor: UTF-8. The byte order mark that some editors begin it with is no part of it.
public final class Utf8Text {
    /// Bytes that are no UTF-8 text; the message says which, and what was wanted.
    public static final class Malformed extends CharacterCodingException {
        private static final long serialVersionUID = 1L;

        private final int line;
        private final String what;

        private Malformed(int line, String what) {
            this.line = line;
            this.what = what;
        }

        /// Where, from 1.
        public int line() { return line; }

        @Override public String getMessage() { return what; }
    }

    private static final byte[] MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private Utf8Text() {}

    /// @throws Malformed the bytes are something else
    public static String of(byte[] bytes) throws Malformed {
        if (isUtf16(bytes))
            throw new Malformed(1, "found UTF-16 text, as > of Windows PowerShell writes it; wanted UTF-8 (in PowerShell: | Out-File -Encoding utf8 "
                    + "FILE)");
        int mark = bytes.length >= MARK.length && Arrays.equals(bytes, 0, MARK.length, MARK, 0, MARK.length) ? MARK.length : 0;
        ByteBuffer in = ByteBuffer.wrap(bytes, mark, bytes.length - mark);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(in).toString();
        } catch (CharacterCodingException _) {
            // The decoder stops in front of what it cannot read.
            int line = 1;
            for (int i = 0; i < in.position(); i++) if (bytes[i] == '\n') line++;
            throw new Malformed(line, String.format(Locale.ROOT, "found byte 0x%02X, wanted UTF-8 text", bytes[in.position()]));
        }
    }

    // By its own mark, or by the zero in one of the first two bytes: what people write begins with a character of ASCII.
    private static boolean isUtf16(byte[] bytes) {
        if (bytes.length < 2) return false;
        int first = (bytes[0] & 0xFF) << 8 | bytes[1] & 0xFF;
        return first == 0xFEFF || first == 0xFFFE || (bytes[0] == 0) != (bytes[1] == 0);
    }
}
