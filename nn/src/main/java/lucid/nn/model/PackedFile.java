package lucid.nn.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.nn.disk.IoReason;
import lucid.nn.file.SafetensorsFile;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.tensor.Tensor;

/// A file beside a checkpoint's weights that has those of its products once more, in the order in which a device reads them ([PackedOrder]). It is
/// mapped as the weights are, whose own pages are then not read any more: answers come faster and take no more memory. What it takes is disk; it can
/// be deleted at any time.
///
/// A safetensors file with the weights' names, each one row of [PackedOrder#length] elements. Its `__metadata__` names the order (`lucid.order`) and
/// what the weights' files were when it was made (`lucid.weights`: name, bytes, time of the last change). Where they have changed since, or the
/// device has another order, it is left aside.
public final class PackedFile implements AutoCloseable {
    /// Not `.safetensors`, because other programs read every file of that kind in a folder.
    public static final String NAME = "lucid.packed";
    private static final String ORDER = "lucid.order";
    private static final String WEIGHTS = "lucid.weights";
    private static final String AGAIN = "; lucid model pack makes it again";

    /// Hears how much is written.
    @FunctionalInterface
    public interface Progress {
        void wrote(long bytes, long all);
    }

    private final SafetensorsFile file;

    private PackedFile(SafetensorsFile file) { this.file = file; }

    /// What a search found.
    ///
    /// @param file that the weights' products read from now on, and that must stay open as long as they; null: they are read as they lie
    /// @param note why, although there is one; or null
    record Found(PackedFile file, String note) {}

    /// What a file's header says, held against an order and the weights beside it.
    ///
    /// @param order in which its tensors lie; null: it does not say
    /// @param aside why products do not read it; null: they do
    public record Description(Path path, long bytes, String order, String aside) {}

    /// Describes the file beside a checkpoint's weights, if there are both. That it has a tensor for each of the model's products is seen when the
    /// model is opened, not here.
    ///
    /// @param order in which it would be read
    /// @throws WeightFileException if its header, or one of the weights', is damaged
    public static Optional<Description> describe(PackedOrder order, Path folder) {
        Path path = folder.resolve(NAME);
        if (!Files.exists(path) || !WeightFiles.isCheckpoint(folder)) return Optional.empty();
        try (SafetensorsFile file = SafetensorsFile.open(path); WeightFiles weights = WeightFiles.headers(folder)) {
            return Optional.of(new Description(path, Files.size(path), file.metadata().get(ORDER), aside(file, order, stamp(folder, weights))));
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read (" + IoReason.of(e) + ")", e);
        }
    }

    /// Looks for the file of a checkpoint, and gives every weight its copy.
    ///
    /// @param products those of the model's weights that have one, by name
    /// @throws WeightFileException if the file is damaged
    static Found find(Device device, Path folder, WeightFiles weights, Function<PackedOrder, Map<String, Tensor>> products) {
        Path path = folder.resolve(NAME);
        if (!Files.exists(path)) return new Found(null, null);
        PackedOrder order = device.packedOrder().orElse(null);
        if (order == null) return new Found(null, path + " is left aside: the device " + device.name() + " reads weights as they lie");
        PackedFile file = new PackedFile(SafetensorsFile.open(path));
        boolean used = false;
        try {
            String aside = aside(file.file, order, stamp(folder, weights));
            if (aside != null) return new Found(null, path + " is left aside: " + aside);
            file.use(device, order, products.apply(order));
            used = true;
            return new Found(file, null);
        } finally {
            if (!used) file.close();
        }
    }

    // Null: it fits.
    private static String aside(SafetensorsFile file, PackedOrder order, String stamp) {
        String found = file.metadata().get(ORDER);
        if (!order.name().equals(found)) return "it was made for another processor (found order " + found + ", wanted " + order.name() + ")" + AGAIN;
        return stamp.equals(file.metadata().get(WEIGHTS)) ? null : "the weights beside it have changed since it was made, or were copied without "
                + "their times" + AGAIN;
    }

    private void use(Device device, PackedOrder order, Map<String, Tensor> products) {
        products.forEach((name, w) -> {
            StoredTensor t = file.tensor(name);
            long[] shape = shape(order, w);
            if (t.type() != stored(w.dtype())) throw WeightFileException.of(file.path(), name, t.type().name(), stored(w.dtype()).name());
            if (!Arrays.equals(t.shape(), shape))
                throw WeightFileException.of(file.path(), name, "shape " + Arrays.toString(t.shape()), Arrays.toString(shape) + " for a weight "
                        + w.shape());
        });
        for (String name : file.tensors().keySet()) {
            if (!products.containsKey(name))
                throw WeightFileException.of(file.path(), "found tensor \"" + name + "\", wanted only weights that the model's products read");
        }
        products.forEach((name, w) -> order.use(w.matrix(), device.adopt(w.dtype(), file.tensor(name).data())));
    }

    private static long[] shape(PackedOrder order, Tensor w) { return new long[] {order.length(w.shape().rows(), w.shape().cols())}; }

    /// The stored tensors, by the names of the weights that they stand for.
    Map<String, StoredTensor> tensors() { return file.tensors(); }

    /// Writes the file of a checkpoint's folder, whole or not at all; one that was there is replaced. One weight at a time is in memory.
    ///
    /// @return its bytes
    /// @throws IllegalArgumentException if the device, or the type of the weights, gains nothing by it
    public static long write(Device device, Path folder, Progress progress) {
        PackedOrder order = device.packedOrder().orElseThrow(() -> new IllegalArgumentException("the device " + device.name()
                + " reads weights as they lie: there is nothing to pack for it"));
        Path path = folder.resolve(NAME);
        try (Checkpoint model = Checkpoint.open(device, folder)) {
            Map<String, Tensor> products = model.products(order);
            if (products.isEmpty())
                throw new IllegalArgumentException(folder + ": no weight can be packed: found F16, wanted BF16 or F32 (lucid convert " + folder
                        + " DST --dtype BF16 makes a checkpoint of that)");
            SafetensorsWriter writer = new SafetensorsWriter().metadata(ORDER, order.name()).metadata(WEIGHTS, model.stamp());
            Copies copies = new Copies(device, order, progress,
                    products.values().stream().mapToLong(w -> shape(order, w)[0] * w.dtype().bytes()).sum());
            products.forEach((name, w) -> writer.add(name, stored(w.dtype()), shape(order, w),
                    (from, count, chunk) -> copies.read(w, from, count, chunk)));
            try (copies) {
                writer.write(path);
            }
            return Files.size(path);
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read (" + IoReason.of(e) + ")", e);
        }
    }

    /// The weight that is being written, packed. Each is read once, from its first element to its last.
    private static final class Copies implements AutoCloseable {
        private final Device device;
        private final PackedOrder order;
        private final Progress progress;
        private final long all;
        private long written;
        private Buffer packed;

        Copies(Device device, PackedOrder order, Progress progress, long all) {
            this.device = device;
            this.order = order;
            this.progress = progress;
            this.all = all;
        }

        void read(Tensor w, long from, int count, ByteBuffer chunk) {
            if (from == 0) {
                close();
                packed = device.allocate(w.dtype(), shape(order, w)[0]);
                order.pack(w.matrix(), packed);
            }
            if (w.dtype() == DType.F32) {
                float[] part = new float[count];
                device.read(packed, from, part);
                chunk.asFloatBuffer().put(part);
            } else {
                short[] part = new short[count];
                device.read(packed, from, part);
                chunk.asShortBuffer().put(part);
            }
            written += (long) count * w.dtype().bytes();
            progress.wrote(written, all);
        }

        @Override public void close() {
            if (packed != null) packed.close();
            packed = null;
        }
    }

    private static StoredType stored(DType type) { return type == DType.F32 ? StoredType.F32 : StoredType.BF16; }

    /// What the weights' files are: a line each. The time, and no hash of some of the bytes, because a file of the same size in which a few rows were
    /// trained must not pass for what it was; a hash of all bytes would read what a packed file saves reading. A copy that keeps no times is packed
    /// again.
    static String stamp(Path folder, WeightFiles weights) {
        return weights.tensors().values().stream().map(StoredTensor::file).distinct().sorted().map(f -> line(folder, f))
                .collect(Collectors.joining("\n"));
    }

    private static String line(Path folder, Path file) {
        try {
            return folder.relativize(file).toString().replace('\\', '/') + " " + Files.size(file) + " " + Files.getLastModifiedTime(file)
                    .to(TimeUnit.NANOSECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read (" + IoReason.of(e) + ")", e);
        }
    }

    @Override public void close() { file.close(); }
}
