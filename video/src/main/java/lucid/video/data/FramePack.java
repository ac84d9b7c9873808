package lucid.video.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import lucid.video.AtomicFile;
import lucid.video.Frames;
import lucid.video.Sha256;

/// Decoded clips in one file: `LUCIDCLP`, version, number of clips; for each clip n, height, width, fps, indices, bytes; SHA-256 of all that. Numbers
/// big-endian.
final class FramePack {
    private static final long MAGIC = 0x4C55434944434C50L;
    private static final int VERSION = 1;
    private static final int HEAD = 16;
    private static final int HASH = 32;

    /// The file is not what was written.
    static final class CorruptException extends Exception {
        private static final long serialVersionUID = 1L;

        CorruptException(String what) { super(what); }
    }

    private FramePack() {}

    static void write(Path file, List<Frames> clips) throws IOException {
        List<byte[]> parts = new ArrayList<>();
        parts.add(ByteBuffer.allocate(HEAD).putLong(MAGIC).putInt(VERSION).putInt(clips.size()).array());
        for (Frames f : clips) {
            ByteBuffer head = ByteBuffer.allocate(20 + 4 * f.n()).putInt(f.n()).putInt(f.height()).putInt(f.width()).putDouble(f.fps());
            for (int i : f.indices()) head.putInt(i);
            parts.add(head.array());
            parts.add(f.rgb());
        }
        MessageDigest digest = Sha256.digest();
        parts.forEach(digest::update);
        parts.add(digest.digest());
        AtomicFile.write(file, parts.toArray(byte[][]::new));
    }

    static List<Frames> read(Path file) throws IOException, CorruptException {
        try (FileChannel in = FileChannel.open(file)) {
            long left = in.size() - HEAD - HASH;
            if (left < 0) throw new CorruptException(in.size() + " bytes, wanted at least " + (HEAD + HASH));
            MessageDigest digest = Sha256.digest();
            ByteBuffer head = next(in, HEAD, digest);
            if (head.getLong() != MAGIC || head.getInt() != VERSION) throw new CorruptException("unknown header");
            int count = head.getInt();
            List<Frames> clips = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                ByteBuffer sizes = next(in, 20, digest);
                int n = sizes.getInt();
                int height = sizes.getInt();
                int width = sizes.getInt();
                double fps = sizes.getDouble();
                long bytes = 4L * n + 3L * n * height * width;
                left -= 20 + bytes;
                if (n < 1 || height < 1 || width < 1 || left < 0 || bytes > Integer.MAX_VALUE)
                    throw new CorruptException("clip " + i + " says it has " + n + " frames of " + height + "x" + width);
                int[] indices = new int[n];
                next(in, 4 * n, digest).asIntBuffer().get(indices);
                clips.add(new Frames(n, height, width, next(in, 3 * n * height * width, digest).array(), fps, indices));
            }
            byte[] wanted = digest.digest();
            if (left != 0 || !MessageDigest.isEqual(wanted, next(in, HASH, digest).array()))
                throw new CorruptException("its bytes do not have the hash at its end");
            return clips;
        } catch (IllegalArgumentException e) {
            throw new CorruptException(e.getMessage());
        }
    }

    private static ByteBuffer next(FileChannel in, int bytes, MessageDigest digest) throws IOException, CorruptException {
        ByteBuffer b = ByteBuffer.allocate(bytes);
        while (b.hasRemaining()) if (in.read(b) < 0) throw new CorruptException("ends at byte " + in.position());
        digest.update(b.array());
        return b.flip();
    }
}
