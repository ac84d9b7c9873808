package lucid.video.file;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import lucid.video.IoReason;
import lucid.video.VideoException;

/// Tells WebP animations from pictures: FFmpeg has one codec for both and decodes the pictures only.
final class AnimatedWebp {
    private static final int RIFF = 0x52494646;
    private static final int WEBP = 0x57454250;
    private static final int ANIM = 0x414E494D;
    private static final int VP8X = 0x56503858;

    private AnimatedWebp() {}

    /// Whether the chunk ANIM comes right behind the extended header, where the format wants it, or behind a colour profile.
    static boolean is(Path path) {
        try (DataInputStream in = new DataInputStream(Files.newInputStream(path))) {
            if (in.readInt() != RIFF) return false;
            in.readInt();
            if (in.readInt() != WEBP) return false;
            for (int chunk = 0; chunk < 3; chunk++) {
                int name = in.readInt();
                if (name == ANIM) return true;
                if (chunk == 0 && name != VP8X) return false;
                long size = Integer.toUnsignedLong(Integer.reverseBytes(in.readInt()));
                in.skipNBytes(size + size % 2);
            }
            return false;
        } catch (EOFException _) {
            return false;
        } catch (IOException e) {
            throw new VideoException(path, "cannot be read: " + IoReason.of(e), e);
        }
    }
}
