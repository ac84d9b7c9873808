package lucid.nn.file;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import lucid.nn.disk.AtomicFile;
import lucid.nn.file.pickle.PickleValue;
import lucid.nn.file.pickle.Pickler;

/// Writes a state dict in the form of `torch.save` before PyTorch 1.6, and since then of `_use_new_zipfile_serialization=False`: pickles of a magic
/// number, the protocol, the machine, an OrderedDict in the order of the names and the storages' keys; then every storage, its number of elements
/// (i64) before its bytes. There is neither a checksum nor an alignment. Source: `torch/serialization.py` (`_legacy_save`),
/// `torch/csrc/serialization.cpp` (`THPStorage_writeFileRaw`).
final class LegacyTorchWriter {
    private LegacyTorchWriter() {}

    /// @param threads that read the sources at once; the files are the same
    static void write(Path path, Collection<NewTensor> tensors, int threads) {
        Collection<NewTensor> order = TorchWriter.ordered(path, tensors);
        // PyTorch sorts the keys, which are addresses there; with zeros before the numbers the storages lie in the order of the tensors.
        String key = "%0" + Integer.toString(Math.max(0, order.size() - 1)).length() + "d";
        Map<String, PickleValue.TensorView> views = TorchWriter.views(path, order, key);
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        head.writeBytes(Pickler.legacyHead());
        head.writeBytes(Pickler.legacyStateDict(views));
        head.writeBytes(Pickler.legacyKeys(views.values().stream().map(v -> v.storage().key()).toList()));
        AtomicFile.write(path, channel -> {
            PieceWriter.writeFully(channel, ByteBuffer.wrap(head.toByteArray()), 0);
            List<PieceWriter.Piece> pieces = new ArrayList<>();
            long at = head.size();
            for (NewTensor t : order) {
                PieceWriter.writeFully(channel, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(t.elements()).flip(), at);
                PieceWriter.add(pieces, t, at + 8);
                at += 8 + t.bytes();
            }
            PieceWriter.write(channel, pieces, threads);
        });
    }
}
