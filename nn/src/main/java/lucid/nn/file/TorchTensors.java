package lucid.nn.file;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import lucid.nn.file.pickle.PickleValue;

/// Makes tensors of the views that a pickle describes: every view is checked against its storage's bytes before it is handed out.
final class TorchTensors {
    private final Path path;
    private final Arena arena;
    private final Map<String, MemorySegment> storages;
    private long copyBudget;

    /// @param copyBudget bytes that tensors which are not contiguous may take in memory, all together
    TorchTensors(Path path, Arena arena, Map<String, MemorySegment> storages, long copyBudget) {
        this.path = path;
        this.arena = arena;
        this.storages = storages;
        this.copyBudget = copyBudget;
    }

    static StoredType type(PickleValue.Storage s) {
        return switch (s.type()) {
            case "DoubleStorage" -> StoredType.F64;
            case "FloatStorage" -> StoredType.F32;
            case "HalfStorage" -> StoredType.F16;
            case "BFloat16Storage" -> StoredType.BF16;
            case "LongStorage" -> StoredType.I64;
            case "IntStorage" -> StoredType.I32;
            case "ShortStorage" -> StoredType.I16;
            case "CharStorage" -> StoredType.I8;
            case "ByteStorage" -> StoredType.U8;
            case "BoolStorage" -> StoredType.BOOL;
            default -> throw new IllegalStateException("storage type " + s.type() + " is on the unpickler's list but has no element type");
        };
    }

    /// The storage class of a type, without its module; null for types that PyTorch's storages do not have.
    static String storage(StoredType type) {
        return switch (type) {
            case F64 -> "DoubleStorage";
            case F32 -> "FloatStorage";
            case F16 -> "HalfStorage";
            case BF16 -> "BFloat16Storage";
            case I64 -> "LongStorage";
            case I32 -> "IntStorage";
            case I16 -> "ShortStorage";
            case I8 -> "CharStorage";
            case U8 -> "ByteStorage";
            case BOOL -> "BoolStorage";
            case U64, U32, U16 -> null;
        };
    }

    /// The tensors that the file's root holds, by name.
    private static Map<String, PickleValue.TensorView> views(Path path, PickleValue root) {
        if (!(root instanceof PickleValue.Dict dict))
            throw WeightFileException.of(path, "found " + root.kind() + ", wanted a dict of tensors (save model.state_dict())");
        Map<String, PickleValue.TensorView> out = new LinkedHashMap<>();
        dict.entries().forEach((key, value) -> {
            if (!(key instanceof String name)) throw WeightFileException.of(path, "found the key " + key + ", wanted a tensor's name");
            if (!(value instanceof PickleValue.TensorView view)) {
                throw WeightFileException.of(path, name, value.kind(), "a tensor; if this is a training checkpoint, save its state dict alone");
            }
            out.put(name, view);
        });
        return out;
    }

    /// The storages of the root's tensors by key: each has one type and one size, whoever shares it.
    static Map<String, PickleValue.Storage> storages(Path path, PickleValue root) {
        Map<String, PickleValue.Storage> out = new LinkedHashMap<>();
        views(path, root).forEach((name, view) -> {
            PickleValue.Storage s = view.storage();
            PickleValue.Storage before = out.putIfAbsent(s.key(), s);
            if (before != null && !before.equals(s)) {
                throw WeightFileException.of(path, name, s.count() + " of " + s.type() + " in storage \"" + s.key() + "\"",
                        before.count() + " of " + before.type() + ", as another tensor has it");
            }
        });
        return out;
    }

    static long bytes(Path path, PickleValue.Storage s) {
        if (s.count() > Long.MAX_VALUE / 8)
            throw WeightFileException.of(path, "storage \"" + s.key() + "\": found " + s.count() + " elements, wanted what a file can hold");
        return s.count() * type(s).bytes();
    }

    /// Adds the root's tensors; every storage of the file must be used by one of them.
    void addAll(PickleValue root, Map<String, StoredTensor> out) {
        Set<String> unused = new HashSet<>(storages.keySet());
        unused.removeAll(storages(path, root).keySet());
        if (!unused.isEmpty())
            throw WeightFileException.of(path, "found " + unused.size() + " storages that belong to no tensor, for example \"" + unused.iterator()
                    .next() + "\": damaged");
        views(path, root).forEach((name, view) -> out.put(name, tensor(name, view)));
    }

    private StoredTensor tensor(String name, PickleValue.TensorView view) {
        PickleValue.Storage storage = view.storage();
        StoredType type = type(storage);
        MemorySegment bytes = storages.get(storage.key());
        if (bytes == null)
            throw WeightFileException.of(path, name, "storage \"" + storage.key() + "\", which is not in the file", "one of its " + storages.size()
                    + " storages");
        if (bytes.byteSize() != bytes(path, storage)) {
            throw WeightFileException.of(path, name, bytes.byteSize() + " bytes in storage \"" + storage.key() + "\"",
                    storage.count() + " elements of " + type);
        }
        long elements = requireInside(name, view);
        if (elements == 0) return new StoredTensor(path, name, type, view.shape(), bytes.asSlice(0, 0));
        if (isContiguous(view))
            return new StoredTensor(path, name, type, view.shape(), bytes.asSlice(view.offset() * type.bytes(), elements * type.bytes()));
        return new StoredTensor(path, name, type, view.shape(), copy(name, view, bytes, elements, type.bytes()));
    }

    /// Checks that the last element lies in the storage, and returns the number of elements.
    private long requireInside(String name, PickleValue.TensorView view) {
        long elements = 1;
        long last = view.offset();
        try {
            for (int i = 0; i < view.shape().length; i++) elements = Math.multiplyExact(elements, view.shape()[i]);
            for (int i = 0; i < view.shape().length && elements > 0; i++)
                last = Math.addExact(last, Math.multiplyExact(view.shape()[i] - 1, view.strides()[i]));
        } catch (ArithmeticException e) {
            throw new WeightFileException(path + ": tensor \"" + name + "\": shape " + Arrays.toString(view.shape()) + " with strides "
                    + Arrays.toString(view.strides()) + " overflows 64 bits", e);
        }
        if (elements == 0 ? view.offset() > view.storage().count() : last >= view.storage().count()) {
            throw WeightFileException.of(path, name, "shape " + Arrays.toString(view.shape()) + ", strides " + Arrays.toString(view.strides())
                    + ", offset " + view.offset(),
                    "a view inside its storage of " + view.storage().count() + " elements");
        }
        return elements;
    }

    private static boolean isContiguous(PickleValue.TensorView view) {
        long step = 1;
        for (int i = view.shape().length - 1; i >= 0; i--) {
            if (view.shape()[i] != 1 && view.strides()[i] != step) return false;
            step *= view.shape()[i];
        }
        return true;
    }

    // An expanded view (stride 0) can be larger than its storage by any factor: it may not.
    private MemorySegment copy(String name, PickleValue.TensorView view, MemorySegment bytes, long elements, int size) {
        if (elements > view.storage().count() || elements * size > copyBudget) {
            throw WeightFileException.of(path, name, elements + " elements with strides " + Arrays.toString(view.strides()),
                    "no more than its storage has (" + view.storage().count()
                            + "), and in all no more copies than the file is large; save tensor.contiguous()");
        }
        copyBudget -= elements * size;
        MemorySegment out = arena.allocate(elements * size, 64);
        long[] index = new long[view.shape().length];
        long from = view.offset();
        for (long i = 0; i < elements; i++) {
            MemorySegment.copy(bytes, from * size, out, i * size, size);
            for (int d = index.length - 1; d >= 0; d--) {
                from += view.strides()[d];
                if (++index[d] < view.shape()[d]) break;
                from -= view.strides()[d] * view.shape()[d];
                index[d] = 0;
            }
        }
        return out;
    }
}
