package lucid.nn.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import lucid.nn.disk.AtomicFile;
import lucid.nn.file.pickle.PickleValue;
import lucid.nn.file.pickle.Pickler;

/// Writes a state dict in the zip form of `torch.save`: the pickle of an OrderedDict in the order of the names, and one entry per tensor, each a
/// storage of its own. Elements pass in pieces of a megabyte. Source: `torch/serialization.py` (`_save`), `caffe2/serialize/inline_container.cc`
/// (`version`).
final class TorchWriter {
    private static final String ROOT = "archive/";
    private static final long FULL = 0xFFFFFFFFL;

    private TorchWriter() {}

    static void write(Path path, Collection<NewTensor> tensors) { write(path, tensors, FULL); }

    /// @param full see [StoredZipWriter]
    static void write(Path path, Collection<NewTensor> tensors, long full) {
        Collection<NewTensor> order = ordered(path, tensors);
        byte[] pickle = Pickler.stateDict(views(path, order, "%d"));
        AtomicFile.write(path, channel -> {
            StoredZipWriter zip = new StoredZipWriter(channel, full);
            zip.add(ROOT + TorchFile.PICKLE, pickle);
            zip.add(ROOT + TorchFile.BYTE_ORDER, text("little"));
            ByteBuffer buffer = ByteBuffer.allocateDirect(PieceWriter.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            int key = 0;
            for (NewTensor t : order) zip.add(ROOT + TorchFile.DATA + key++, t.bytes(), sink -> pass(t, buffer, sink));
            zip.add(ROOT + TorchFile.VERSION, text("3\n"));
            zip.finish();
        });
    }

    /// In the order of the names.
    static Collection<NewTensor> ordered(Path path, Collection<NewTensor> tensors) {
        Map<String, NewTensor> order = new TreeMap<>();
        for (NewTensor t : tensors)
            if (order.put(t.name(), t) != null) throw new IllegalArgumentException(path + ": tensor \"" + t.name() + "\" was added twice");
        return order.values();
    }

    private static byte[] text(String s) { return s.getBytes(StandardCharsets.US_ASCII); }

    private static void pass(NewTensor t, ByteBuffer buffer, StoredZipWriter.Sink sink) throws IOException {
        int size = t.type().bytes();
        long elements = t.elements();
        for (long from = 0; from < elements; from += PieceWriter.BYTES / size) {
            int count = (int) Math.min(PieceWriter.BYTES / size, elements - from);
            t.source().read(from, count, buffer.clear().limit(count * size));
            sink.write(buffer.clear().limit(count * size));
        }
    }

    /// Each tensor the whole of a storage.
    ///
    /// @param key format of a storage's key, of its number
    /// @throws WeightFileException for a type that PyTorch's storages do not have
    static Map<String, PickleValue.TensorView> views(Path path, Collection<NewTensor> order, String key) {
        Map<String, PickleValue.TensorView> out = new LinkedHashMap<>();
        for (NewTensor t : order) {
            String type = TorchTensors.storage(t.type());
            if (type == null)
                throw WeightFileException.of(path, t.name(), t.type().toString(), "a type that PyTorch's storages have; write safetensors");
            var storage = new PickleValue.Storage(type, String.format(Locale.ROOT, key, out.size()), t.elements());
            out.put(t.name(), new PickleValue.TensorView(storage, 0, t.shape(), strides(t.shape())));
        }
        return out;
    }

    /// Of a contiguous tensor; a size of 0 counts as 1, as in PyTorch (`c10/core/Contiguity.h`).
    private static long[] strides(long[] shape) {
        long[] out = new long[shape.length];
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            out[i] = stride;
            stride *= Math.max(shape[i], 1);
        }
        return out;
    }
}
