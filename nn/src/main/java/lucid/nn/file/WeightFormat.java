package lucid.nn.file;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import lucid.nn.disk.AtomicFile;
import lucid.nn.disk.JsonText;

/// A format that weights are written in, with the names that its files have in a checkpoint's folder (as transformers has them).
public enum WeightFormat {
    SAFETENSORS(WeightFiles.SINGLE, WeightFiles.INDEX, "model-%05d-of-%05d.safetensors"),
    /// PyTorch's zip form, see [TorchFile].
    BIN(WeightFiles.TORCH_SINGLE, WeightFiles.TORCH_INDEX, "pytorch_model-%05d-of-%05d.bin"),
    /// Its form without a zip, for PyTorch before 1.6; the files are called as in the present form. Nothing in it is aligned: what lies at an odd
    /// place is copied when a model is loaded.
    BIN_LEGACY(WeightFiles.TORCH_SINGLE, WeightFiles.TORCH_INDEX, "pytorch_model-%05d-of-%05d.bin");

    private final String single;
    private final String index;
    private final String shard;

    WeightFormat(String single, String index, String shard) {
        this.single = single;
        this.index = index;
        this.shard = shard;
    }

    /// Writes all tensors into the folder's one file, whole or not at all. Equal tensors give equal files, byte for byte.
    ///
    /// @param threads that read the sources at once; [#BIN] has one, as its checksums are taken in order
    public void writeSingle(Path folder, Collection<NewTensor> tensors, int threads) { write(folder.resolve(single), tensors, threads); }

    private void write(Path file, Collection<NewTensor> tensors, int threads) {
        switch (this) {
            case SAFETENSORS -> {
                SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt").threads(threads);
                tensors.forEach(writer::add);
                writer.write(file);
            }
            case BIN -> TorchWriter.write(file, tensors);
            case BIN_LEGACY -> LegacyTorchWriter.write(file, tensors, threads);
        }
    }

    /// Writes the tensors as shards in the order of their names, and last the index that makes a checkpoint of them.
    ///
    /// @param maxBytes most bytes of tensors in one shard; a tensor that is larger has a shard of its own
    /// @return the shards' names
    public List<String> writeShards(Path folder, Collection<NewTensor> tensors, long maxBytes, int threads) {
        if (maxBytes < 1) throw new IllegalArgumentException("shards: found a maximum of " + maxBytes + " bytes, wanted at least 1");
        List<List<NewTensor>> shards = shards(tensors, maxBytes);
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putObject("metadata").put("total_size", tensors.stream().mapToLong(NewTensor::bytes).reduce(0, Math::addExact));
        ObjectNode map = root.putObject("weight_map");
        List<String> names = new ArrayList<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format(Locale.ROOT, shard, i + 1, shards.size());
            write(folder.resolve(name), shards.get(i), threads);
            shards.get(i).forEach(t -> map.put(t.name(), name));
            names.add(name);
        }
        ByteBuffer text = ByteBuffer.wrap(JsonText.pretty(root).getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(folder.resolve(index), channel -> PieceWriter.writeFully(channel, text, 0));
        return names;
    }

    private static List<List<NewTensor>> shards(Collection<NewTensor> tensors, long maxBytes) {
        TreeMap<String, NewTensor> order = new TreeMap<>();
        for (NewTensor t : tensors)
            if (order.put(t.name(), t) != null) throw new IllegalArgumentException("shards: tensor \"" + t.name() + "\" was added twice");
        List<List<NewTensor>> shards = new ArrayList<>();
        long room = 0;
        for (NewTensor t : order.values()) {
            if (shards.isEmpty() || t.bytes() > room) {
                shards.add(new ArrayList<>());
                room = maxBytes;
            }
            shards.getLast().add(t);
            room -= t.bytes();
        }
        return shards;
    }
}
