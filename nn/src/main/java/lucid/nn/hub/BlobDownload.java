package lucid.nn.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lucid.nn.disk.AtomicFile;

/// Brings one file's bytes into the cache: goes on where an earlier attempt ended, checks length and hash, and only then gives the blob its name.
///
/// @param etag its sha256 (large files), or the sha1 that git has for it
/// @param size bytes
/// @param what  for messages
/// @param alone whether nobody else can be writing the blob. Else what comes goes into a file of this process alone, which no later attempt goes on
/// with: two processes in one file would cut it short for each other
record BlobDownload(HubClient client, HubCache cache, URI address, String etag, long size, String what, Stall.Limit patience, boolean alone) {
    private static final int CHUNK = 1 << 18;
    private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern SHA1 = Pattern.compile("[0-9a-f]{40}");

    /// True if the name of the blob lets its bytes be checked.
    boolean checkable() { return SHA256.matcher(etag).matches() || SHA1.matcher(etag).matches(); }

    /// @param at told how many of the file's bytes are there, after every piece
    void run(LongConsumer at) throws IOException {
        Path part = alone ? cache.incomplete(etag) : cache.incompleteOfOne(etag);
        Files.createDirectories(part.getParent());
        try {
            fetch(part, at);
        } finally {
            if (!alone) Files.deleteIfExists(part);
        }
    }

    private void fetch(Path part, LongConsumer at) throws IOException {
        boolean again = false;
        while (true) {
            String found;
            try (FileChannel file = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                found = fill(file, at);
                file.force(true);
            }
            if (!checkable() || found.equals(etag)) break;
            Files.delete(part);
            at.accept(0);
            // Once more from the beginning: what an earlier run had left may have been the fault.
            if (again)
                throw new HubException("hub: " + what + ": found bytes with the hash " + found + ", wanted " + etag
                        + ". Something between changes the file; try again, or another network");
            again = true;
        }
        AtomicFile.move(part, cache.blob(etag));
    }

    private String fill(FileChannel file, LongConsumer at) throws IOException {
        if (file.size() > size) file.truncate(0);
        MessageDigest digest = digest();
        long done = readExisting(file, digest);
        at.accept(done);
        long most = done;
        for (int failed = 0; done < size; ) {
            try {
                done = attempt(file, digest, done, at);
            } catch (Broken e) {
                done = e.done;
                failed = done > most ? 1 : failed + 1;
                most = Math.max(most, done);
                client.pauseAfter(e.reason, failed, what);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private MessageDigest digest() {
        try {
            return start(MessageDigest.getInstance(SHA256.matcher(etag).matches() ? "SHA-256" : "SHA-1"));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-1 and SHA-256", e);
        }
    }

    // git hashes a header before the bytes.
    private MessageDigest start(MessageDigest digest) {
        if (SHA1.matcher(etag).matches()) digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
        return digest;
    }

    private static long readExisting(FileChannel file, MessageDigest digest) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        while (file.read(chunk.clear()) >= 0) digest.update(chunk.flip());
        return file.position();
    }

    /// Where an attempt ended that did not bring all.
    private static final class Broken extends IOException {
        private static final long serialVersionUID = 1;
        final transient long done;
        final transient IOException reason;

        Broken(long done, IOException reason) {
            super(reason);
            this.done = done;
            this.reason = reason;
        }
    }

    /// One connection.
    ///
    /// @return bytes that are there now
    private long attempt(FileChannel file, MessageDigest digest, long done, LongConsumer at) throws IOException {
        HttpResponse<InputStream> response;
        try {
            response = client.open(address, done, cache.repo(), what);
        } catch (IOException e) {
            throw new Broken(done, e);
        }
        try (InputStream in = response.body(); Stall stall = new Stall(in, patience)) {
            long from = begin(response, done);
            if (from != done) startAfresh(file, digest, at);
            if (response.statusCode() == 416 || response.statusCode() == 206 && from != done)
                throw new Broken(0, new IOException("the server did not go on at byte " + done));
            return copy(in, stall, file, digest, from, at);
        }
    }

    private void startAfresh(FileChannel file, MessageDigest digest, LongConsumer at) throws IOException {
        file.truncate(0).position(0);
        digest.reset();
        start(digest);
        at.accept(0);
    }

    // Where the answer's bytes belong: at `done`, or 0 if the server begins again.
    private long begin(HttpResponse<InputStream> response, long done) {
        String coding = response.headers().firstValue("Content-Encoding").orElse("identity");
        if (!coding.equals("identity"))
            throw new HubException("hub: " + what + ": found the answer packed with " + coding
                    + ", wanted it as it is; something between changes answers");
        if (response.statusCode() == 416) return 0;
        if (response.statusCode() == 206) {
            Matcher m = RANGE.matcher(response.headers().firstValue("Content-Range").orElse(""));
            return m.matches() && Long.parseLong(m.group(1)) == done && Long.parseLong(m.group(3)) == size ? done : 0;
        }
        long length = response.headers().firstValueAsLong("Content-Length").orElse(size);
        if (length != size)
            throw new HubException("hub: " + what + ": found a file of " + length + " bytes, wanted " + size + " as the hub says; try again later");
        return 0;
    }

    private long copy(InputStream in, Stall stall, FileChannel file, MessageDigest digest, long from, LongConsumer at) throws IOException {
        byte[] chunk = new byte[CHUNK];
        long done = from;
        while (true) {
            int n;
            try {
                n = in.read(chunk);
            } catch (IOException e) {
                String reason = stall.happened() ? "nothing came for " + patience.seconds() + " s" : e.getMessage();
                throw new Broken(done, new IOException("the connection ended at byte " + done + " of " + size + " (" + reason + ")", e));
            }
            if (n < 0) {
                if (done < size) throw new Broken(done, new IOException("the connection ended at byte " + done + " of " + size));
                return done;
            }
            stall.alive();
            if (done + n > size)
                throw new HubException("hub: " + what + ": found more than the " + size + " bytes that the hub says; try again later");
            for (ByteBuffer bytes = ByteBuffer.wrap(chunk, 0, n); bytes.hasRemaining(); ) write(file, bytes);
            digest.update(chunk, 0, n);
            done += n;
            at.accept(done);
        }
    }

    // A full disk is no broken connection: nothing to retry.
    private void write(FileChannel file, ByteBuffer bytes) {
        try {
            file.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(what + ": cannot be written to " + cache.root() + " (" + e.getMessage()
                    + "); what has come is kept, and the next attempt goes on from there", e);
        }
    }
}
