package lucid.nn.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import lucid.nn.disk.IoReason;
import lucid.nn.file.pickle.PickleException;
import lucid.nn.file.pickle.PickleInput;
import lucid.nn.file.pickle.PickleValue;
import lucid.nn.file.pickle.Pickler;
import lucid.nn.file.pickle.Unpickler;

/// A state dict written by `torch.save`: the zip form (`data.pkl` and one stored entry per storage), or the form before PyTorch 1.6 (pickles, then
/// the storages). Mapped; contiguous tensors are slices of the mapping. The pickle is read by [Unpickler], which executes nothing. Source:
/// `torch/serialization.py`.
public final class TorchFile implements WeightFile {
    // Of a buffer, which has at most 2 GB.
    private static final long CHUNK = 1 << 28;
    static final String PICKLE = "data.pkl";
    /// What a tensor's entry is called before its storage's key.
    static final String DATA = "data/";
    static final String BYTE_ORDER = "byteorder";
    static final String VERSION = "version";
    /// `kMinSupportedFileFormatVersion` and `kMaxSupportedFileFormatVersion` of `caffe2/serialize/versions.h`.
    private static final int OLDEST = 1;
    private static final int NEWEST = 10;

    private final Path path;
    private final Arena arena;
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

    private TorchFile(Path path, Arena arena) {
        this.path = path;
        this.arena = arena;
    }

    /// True for the first bytes of either form, and of pickles in general, so that a hostile one is refused as what it is. A safetensors header of
    /// 640 bytes starts with 80 02 as well, but then come the zeros of its length and a brace.
    static boolean isTorch(ByteBuffer head) {
        if (head.remaining() < 2 || head.remaining() == 9 && head.getInt(4) == 0 && head.get(8) == '{') return false;
        int first = head.get(0) & 0xFF;
        int second = head.get(1) & 0xFF;
        return first == 'P' && second == 'K' || first == 0x80 && second >= 2 && second <= 5 || first == 'c' && second >= 'A' || first == '('
                && second >= 'A';
    }

    /// Maps and checks a file.
    ///
    /// @throws WeightFileException if it is damaged, or holds anything but a dict of tensors
    /// @throws UncheckedIOException if it cannot be read
    public static TorchFile open(Path path) { return open(path, true); }

    /// @param checksums whether those of the tensors' bytes are compared, for which the whole file is read; of all else they always are
    static TorchFile open(Path path, boolean checksums) {
        Arena arena = Arena.ofShared();
        boolean done = false;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            TorchFile file = new TorchFile(path, arena);
            MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            if (all.byteSize() >= 4 && all.get(ValueLayout.JAVA_BYTE, 0) == 'P') file.readZip(all, checksums);
            else file.readPickles(all);
            done = true;
            return file;
        } catch (PickleException e) {
            throw new WeightFileException(e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read (" + IoReason.of(e) + ")", e);
        } finally {
            if (!done) arena.close();
        }
    }

    private void readZip(MemorySegment all, boolean checksums) {
        Map<String, StoredZip.Entry> entries = StoredZip.read(path, all);
        List<String> pickles = entries.keySet().stream().filter(n -> n.equals(PICKLE) || n.endsWith("/" + PICKLE)).toList();
        if (pickles.size() != 1)
            throw WeightFileException.of(path, "found " + pickles.size() + " entries " + PICKLE + ", wanted one: not a file of torch.save");
        String prefix = pickles.getFirst().substring(0, pickles.getFirst().length() - PICKLE.length());
        Map<String, MemorySegment> storages = new LinkedHashMap<>();
        for (StoredZip.Entry e : entries.values()) {
            if (!e.name().startsWith(prefix)) throw WeightFileException.of(path, "found the entry \"" + e.name() + "\" outside \"" + prefix + "\"");
            String name = e.name().substring(prefix.length());
            if (name.startsWith(DATA)) storages.put(name.substring(DATA.length()), e.data());
            else requireKnown(name, e);
        }
        // On all cores: this format, unlike safetensors, can tell that a weight was damaged.
        // Nothing is thrown before all are done, because the mapping cannot be closed while one still reads it.
        entries.values().parallelStream().filter(e -> checksums || !e.name().startsWith(prefix + DATA)).filter(e -> checksum(e) != e.crc()).toList()
                .forEach(this::damaged);
        PickleInput in = new PickleInput(path + ": " + pickles.getFirst(), entries.get(pickles.getFirst()).data());
        PickleValue root = Unpickler.read(in);
        if (in.remaining() != 0) throw WeightFileException.of(path, "found " + in.remaining() + " bytes after the pickle " + pickles.getFirst());
        requireVersion(entries.getOrDefault(prefix + VERSION, entries.get(prefix + ".data/" + VERSION)));
        new TorchTensors(path, arena, storages, all.byteSize()).addAll(root, tensors);
    }

    private static long checksum(StoredZip.Entry e) {
        CRC32 crc = new CRC32();
        for (long at = 0; at < e.data().byteSize(); at += CHUNK)
            crc.update(e.data().asSlice(at, Math.min(CHUNK, e.data().byteSize() - at)).asByteBuffer());
        return crc.getValue();
    }

    private void damaged(StoredZip.Entry e) {
        throw WeightFileException.of(path, "entry \"" + e.name() + "\": found checksum " + Long.toHexString(checksum(e)) + ", wanted "
                + Long.toHexString(e.crc())
                + ": damaged, or saved with set_crc32_options(False); load and save it again");
    }

    private void requireKnown(String name, StoredZip.Entry e) {
        boolean known = Set.of(PICKLE, VERSION, BYTE_ORDER, ".format_version", ".storage_alignment").contains(name) || name.startsWith(".data/");
        if (!known) {
            throw WeightFileException.of(path, "found the entry \"" + e.name() + "\", wanted a file of torch.save with tensors only"
                    + (name.startsWith("code/") || name.equals("constants.pkl") ? " (this is a TorchScript program)" : ""));
        }
        if (name.equals(BYTE_ORDER) && !word(e).equals("little")) {
            throw WeightFileException.of(path, "found byte order \"" + word(e) + "\", wanted little; load and save it on a little-endian machine");
        }
    }

    /// The number of the archive's form: other forms may mean something else by the same entries.
    private void requireVersion(StoredZip.Entry e) {
        if (e == null) throw WeightFileException.of(path, "found no entry \"" + VERSION + "\", wanted one as torch.save writes it");
        String found = word(e).strip();
        if (!found.matches("[0-9]{1,9}") || Integer.parseInt(found) < OLDEST || Integer.parseInt(found) > NEWEST) {
            throw WeightFileException.of(path, "entry \"" + e.name() + "\": found version \"" + found + "\", wanted " + OLDEST + " to " + NEWEST
                    + "; load and save it with a present PyTorch");
        }
    }

    /// An entry of a few letters.
    private String word(StoredZip.Entry e) {
        if (e.data().byteSize() > 16)
            throw WeightFileException.of(path, "entry \"" + e.name() + "\": found " + e.data().byteSize()
                    + " bytes, wanted a word or number of at most 16");
        return StandardCharsets.US_ASCII.decode(e.data().asByteBuffer()).toString();
    }

    private void readPickles(MemorySegment all) {
        PickleInput in = new PickleInput(path.toString(), all);
        if (!(Unpickler.read(in) instanceof PickleValue.Whole(BigInteger magic)) || !magic.equals(Pickler.MAGIC)) {
            throw WeightFileException.of(path, "found a pickle that is not a file of torch.save (its magic number is missing)");
        }
        if (!(Unpickler.read(in) instanceof PickleValue.Whole(BigInteger version)) || !version.equals(BigInteger.valueOf(Pickler.PROTOCOL)))
            throw WeightFileException.of(path, "found an unknown version, wanted " + Pickler.PROTOCOL);
        if (!(Unpickler.read(in) instanceof PickleValue.Dict system)
                || !(system.entries().get("little_endian") instanceof PickleValue.Flag(boolean little)) || !little) {
            throw WeightFileException.of(path, "found no sign that the numbers are little-endian; load and save it on a little-endian machine");
        }
        PickleValue root = Unpickler.read(in);
        Map<String, PickleValue.Storage> described = TorchTensors.storages(path, root);
        Map<String, MemorySegment> storages = new LinkedHashMap<>();
        for (String key : keys(Unpickler.read(in))) {
            PickleValue.Storage storage = described.get(key);
            if (storage == null) throw WeightFileException.of(path, "found the storage \"" + key + "\", which belongs to no tensor");
            long count = in.i64();
            if (count != storage.count())
                throw WeightFileException.of(path, "storage \"" + key + "\": found " + count + " elements, wanted " + storage.count());
            storages.put(key, in.slice(TorchTensors.bytes(path, storage)));
        }
        if (in.remaining() != 0) throw WeightFileException.of(path, "found " + in.remaining() + " bytes after the last storage");
        new TorchTensors(path, arena, storages, all.byteSize()).addAll(root, tensors);
    }

    private List<String> keys(PickleValue value) {
        List<String> out = new ArrayList<>();
        if (value instanceof PickleValue.Items items && !items.isTuple()) {
            for (PickleValue v : items.values()) if (v instanceof PickleValue.Text(String key)) out.add(key);
            if (out.size() == items.values().size() && new HashSet<>(out).size() == out.size()) return out;
        }
        throw WeightFileException.of(path, "found " + value.kind() + ", wanted a list of different storage keys");
    }

    @Override public Path path() { return path; }

    @Override public Map<String, StoredTensor> tensors() { return Collections.unmodifiableMap(tensors); }

    @Override public void close() { arena.close(); }
}
