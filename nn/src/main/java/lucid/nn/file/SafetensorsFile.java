package lucid.nn.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lucid.nn.disk.IoReason;

/// A safetensors file: 8 bytes header length, a JSON header, the tensors' bytes. Mapped once, checked whole before anything is handed out:
/// the tensors must cover the data area exactly, without holes, overlaps or bytes left over.
/// Format: huggingface/safetensors, "Format" section of its README.
public final class SafetensorsFile implements WeightFile {
    /// Longest header that the format allows.
    private static final long MAX_HEADER = 100_000_000;
    private static final byte[] GIT_LFS = "version https://git-lfs.github.com/spec/v1".getBytes(StandardCharsets.US_ASCII);

    private final Path path;
    private final Arena arena;
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private SafetensorsFile(Path path, Arena arena) {
        this.path = path;
        this.arena = arena;
    }

    /// Maps and checks a file.
    ///
    /// @throws WeightFileException if it is not a sound safetensors file
    /// @throws UncheckedIOException if it cannot be read
    public static SafetensorsFile open(Path path) {
        Arena arena = Arena.ofShared();
        boolean done = false;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            SafetensorsFile file = new SafetensorsFile(path, arena);
            file.parse(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
            done = true;
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read (" + IoReason.of(e) + ")", e);
        } finally {
            if (!done) arena.close();
        }
    }

    private void parse(MemorySegment all) {
        long size = all.byteSize();
        if (size < 8) throw WeightFileException.of(path, "found " + size + " bytes, wanted a safetensors file (at least 8 bytes of header length)");
        if (isGitLfsPointer(all))
            throw WeightFileException.of(path, "found a Git LFS pointer, wanted the weights that it stands for: they were not fetched (git lfs pull "
                    + "in its repository does)");
        long header = all.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        if (header < 2 || header > MAX_HEADER || header > size - 8) {
            throw WeightFileException.of(path, "found header length " + Long.toUnsignedString(header) + ", wanted 2 .. "
                    + Math.min(MAX_HEADER, size - 8) + " (the file has " + size + " bytes): truncated, or not a safetensors file");
        }
        SafetensorsHeader entries = SafetensorsHeader.read(path, all.asSlice(8, header).toArray(ValueLayout.JAVA_BYTE));
        MemorySegment data = all.asSlice(8 + header);
        List<Placed> placed = new ArrayList<>(entries.entries().size());
        entries.entries().forEach(e -> placed.add(place(e, data)));
        placed.forEach(p -> tensors.put(p.tensor.name(), p.tensor));
        metadata.putAll(entries.metadata());
        requireExactCover(placed, data.byteSize());
    }

    // What a clone without Git LFS leaves in the place of every large file, a PyTorch one as well: all that is not PyTorch's is read here.
    private static boolean isGitLfsPointer(MemorySegment all) {
        return all.byteSize() >= GIT_LFS.length && all.asSlice(0, GIT_LFS.length).mismatch(MemorySegment.ofArray(GIT_LFS)) < 0;
    }

    private record Placed(StoredTensor tensor, long from, long to) {}

    private Placed place(SafetensorsHeader.Entry e, MemorySegment data) {
        if (e.from() > e.to() || e.to() > data.byteSize()) {
            throw WeightFileException.of(path, e.name(), "data_offsets [" + e.from() + ", " + e.to() + "]",
                    "two ascending numbers up to the data's " + data.byteSize() + " bytes (is the file truncated?)");
        }
        long bytes = e.type().bytes();
        try {
            for (long d : e.shape()) bytes = Math.multiplyExact(bytes, d);
        } catch (ArithmeticException overflow) {
            throw new WeightFileException(path + ": tensor \"" + e.name() + "\": shape " + Arrays.toString(e.shape())
                    + " overflows 64 bits", overflow);
        }
        if (e.to() - e.from() != bytes) {
            throw WeightFileException.of(path, e.name(), (e.to() - e.from()) + " bytes", bytes + " for " + e.type() + " "
                    + Arrays.toString(e.shape()));
        }
        return new Placed(new StoredTensor(path, e.name(), e.type(), e.shape(), data.asSlice(e.from(), bytes)), e.from(), e.to());
    }

    private void requireExactCover(List<Placed> placed, long bytes) {
        List<Placed> sorted = new ArrayList<>(placed);
        sorted.sort(Comparator.comparingLong(Placed::from).thenComparingLong(Placed::to));
        long end = 0;
        String before = "the start";
        for (Placed p : sorted) {
            if (p.from != end) {
                String what = p.from < end ? "overlaps" : "leaves a hole after";
                throw WeightFileException.of(path, p.tensor.name(), "first byte " + p.from + ", which " + what + " " + before, "byte " + end);
            }
            end = p.to;
            before = "\"" + p.tensor.name() + "\"";
        }
        if (end != bytes)
            throw WeightFileException.of(path, "found " + bytes + " bytes of data, wanted " + end + ": " + (bytes - end)
                    + " bytes belong to no tensor");
    }

    @Override public Path path() { return path; }

    @Override public Map<String, StoredTensor> tensors() { return Collections.unmodifiableMap(tensors); }

    /// The free strings of `__metadata__`.
    public Map<String, String> metadata() { return Collections.unmodifiableMap(metadata); }

    @Override public void close() { arena.close(); }
}
