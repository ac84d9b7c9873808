package lucid.nn.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import lucid.nn.disk.IoReason;

/// One open, mapped file of tensors, whatever its format. Everything about it was checked when it was opened.
public sealed interface WeightFile extends AutoCloseable permits SafetensorsFile, TorchFile {
    Path path();

    /// Tensors by name, in the file's order.
    Map<String, StoredTensor> tensors();

    /// The tensor of that name.
    ///
    /// @throws WeightFileException if there is none
    default StoredTensor tensor(String name) {
        StoredTensor t = tensors().get(name);
        if (t == null) throw WeightFileException.of(path(), "no tensor \"" + name + "\"; it has " + tensors().size() + " tensors");
        return t;
    }

    /// Unmaps the file: its tensors' data must not be used any more.
    @Override void close();

    /// Opens a file by what it is, not by what it is called: PyTorch's two formats have their own first bytes, everything else is read as
    /// safetensors.
    ///
    /// @throws WeightFileException if it is damaged, or neither
    static WeightFile open(Path path) { return open(path, true); }

    /// @param checksums see [TorchFile#open(Path, boolean)]
    static WeightFile open(Path path, boolean checksums) {
        ByteBuffer head = ByteBuffer.allocate(9);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            while (head.hasRemaining() && channel.read(head) >= 0) continue;
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read (" + IoReason.of(e) + ")", e);
        }
        return TorchFile.isTorch(head.flip()) ? TorchFile.open(path, checksums) : SafetensorsFile.open(path);
    }
}
