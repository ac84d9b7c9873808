package lucid.nn.file;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A safetensors file: 8 bytes header length, a JSON header, the tensors' bytes. Mapped once, checked whole before anything is handed out:
/// the tensors must cover the data area exactly, without holes, overlaps or bytes left over.
/// Format: huggingface/safetensors, "Format" section of its README.
public final class SafetensorsFile implements WeightFile {
    /// Longest header that the format allows.
    private static final long MAX_HEADER = 100_000_000;
    private static final ObjectMapper JSON =
            new ObjectMapper(JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build());

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
            throw new UncheckedIOException(path + ": cannot be read (" + e.getClass().getSimpleName() + ": " + e.getMessage() + ")", e);
        } finally {
            if (!done) arena.close();
        }
    }

    private void parse(MemorySegment all) {
        long size = all.byteSize();
        if (size < 8) throw WeightFileException.of(path, "found " + size + " bytes, wanted a safetensors file (at least 8 bytes of header length)");
        long header = all.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        if (header < 2 || header > MAX_HEADER || header > size - 8) {
            throw WeightFileException.of(path, "found header length " + Long.toUnsignedString(header) + ", wanted 2 .. "
                    + Math.min(MAX_HEADER, size - 8) + " (the file has " + size + " bytes): truncated, or not a safetensors file");
        }
        JsonNode root = header(all.asSlice(8, header).toArray(ValueLayout.JAVA_BYTE));
        MemorySegment data = all.asSlice(8 + header);
        List<Placed> placed = new ArrayList<>();
        root.properties().forEach(e -> {
            if (e.getKey().equals("__metadata__")) readMetadata(e.getValue());
            else placed.add(place(e.getKey(), e.getValue(), data));
        });
        placed.forEach(p -> tensors.put(p.tensor.name(), p.tensor));
        requireExactCover(placed, data.byteSize());
    }

    private JsonNode header(byte[] bytes) {
        try {
            JsonNode root = JSON.readTree(bytes);
            if (root == null || !root.isObject()) throw WeightFileException.of(path, "header is not a JSON object");
            return root;
        } catch (JsonProcessingException e) {
            String reason = e.getOriginalMessage();
            throw new WeightFileException(path + ": header is not sound JSON: " + reason
                    + (reason.startsWith("Duplicate") ? " (a tensor is named twice)" : ""), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void readMetadata(JsonNode node) {
        if (!node.isObject()) throw WeightFileException.of(path, "__metadata__ is " + node.getNodeType() + ", wanted an object of strings");
        node.properties().forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
    }

    private record Placed(StoredTensor tensor, long from, long to) {}

    private Placed place(String name, JsonNode node, MemorySegment data) {
        JsonNode typeNode = node.path("dtype");
        StoredType type = StoredType.byName(typeNode.asText());
        if (type == null) throw WeightFileException.of(path, name, "dtype " + typeNode, "one of " + StoredType.names());
        long[] shape = longs(name, "shape", node.path("shape"));
        long[] offsets = longs(name, "data_offsets", node.path("data_offsets"));
        if (offsets.length != 2 || offsets[0] > offsets[1] || offsets[1] > data.byteSize()) {
            throw WeightFileException.of(path, name, "data_offsets " + node.path("data_offsets"),
                    "two ascending numbers up to the data's " + data.byteSize() + " bytes (is the file truncated?)");
        }
        long bytes = type.bytes();
        try {
            for (long d : shape) bytes = Math.multiplyExact(bytes, d);
        } catch (ArithmeticException e) {
            throw new WeightFileException(path + ": tensor \"" + name + "\": shape " + node.path("shape") + " overflows 64 bits", e);
        }
        if (offsets[1] - offsets[0] != bytes) {
            throw WeightFileException.of(path, name, (offsets[1] - offsets[0]) + " bytes", bytes + " for " + type + " " + node.path("shape"));
        }
        return new Placed(new StoredTensor(path, name, type, shape, data.asSlice(offsets[0], bytes)), offsets[0], offsets[1]);
    }

    private long[] longs(String name, String field, JsonNode node) {
        if (!node.isArray()) throw WeightFileException.of(path, name, field + " " + node, "an array of numbers");
        long[] out = new long[node.size()];
        for (int i = 0; i < out.length; i++) {
            JsonNode n = node.get(i);
            if (!n.isIntegralNumber() || !n.canConvertToLong() || n.asLong() < 0) {
                throw WeightFileException.of(path, name, field + " " + node, "whole numbers >= 0");
            }
            out[i] = n.asLong();
        }
        return out;
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
        if (end != bytes) throw WeightFileException.of(path, "found " + bytes + " bytes of data, wanted " + end + ": " + (bytes - end) + " bytes belong to no tensor");
    }

    @Override public Path path() { return path; }

    @Override public Map<String, StoredTensor> tensors() { return Collections.unmodifiableMap(tensors); }

    /// The free strings of `__metadata__`.
    public Map<String, String> metadata() { return Collections.unmodifiableMap(metadata); }

    @Override public void close() { arena.close(); }
}
