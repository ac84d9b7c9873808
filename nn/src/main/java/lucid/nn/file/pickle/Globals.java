package lucid.nn.file.pickle;

import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The only globals a pickle may name, and what calling one of them describes. Sources: `torch/_utils.py` (`_rebuild_tensor_v2`),
/// `torch/serialization.py` (`persistent_load`).
final class Globals {
    static final String ORDERED_DICT = "collections.OrderedDict";
    private static final String TENSOR = "torch._utils._rebuild_tensor_v2";
    private static final String PARAMETER = "torch._utils._rebuild_parameter";
    private static final Set<String> STORAGES = Stream.of("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
            .map(t -> t + "Storage").collect(Collectors.toUnmodifiableSet());
    private static final Set<String> DTYPES = Set.of("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool");

    /// How torch names the other kinds: complex numbers, 8-bit floats, quantised and sparse tensors. A name with a dot more is another thing.
    private static final Pattern OTHER_TENSORS = Pattern.compile("torch(\\.storage)?\\.\\w*Storage|torch\\._utils\\._rebuild_\\w*tensor\\w*");

    private Globals() {}

    /// The name as a value, if it is on the list.
    static PickleValue.Name resolve(PickleInput in, long at, String module, String name) {
        String qualified = module + "." + name;
        boolean known = qualified.equals(ORDERED_DICT) || qualified.equals(TENSOR) || qualified.equals(PARAMETER)
                || module.equals("torch") && (STORAGES.contains(name) || DTYPES.contains(name));
        if (!known && OTHER_TENSORS.matcher(qualified).matches()) {
            throw in.error(at, "refused the global \"" + shown(qualified) + "\": found a kind of tensor that is not read, wanted dense ones of "
                    + DTYPES.stream().sorted().collect(Collectors.joining(", "))
                    + "; convert it to one of these in PyTorch and save it again");
        }
        if (!known) {
            throw in.error(at, "refused the global \"" + shown(qualified)
                    + "\": found code, wanted tensors only. Nothing was executed. Names that are read: " + ORDERED_DICT + ", "
                    + TENSOR + ", " + PARAMETER + ", torch storages and dtypes. Do not load this file with other programs unless you trust who made "
                            + "it");
        }
        return new PickleValue.Name(qualified);
    }

    // A name may hold line breaks or escape sequences meant for a terminal.
    private static String shown(String name) {
        String text = name.length() > 200 ? name.substring(0, 200) + "..." : name;
        return text.codePoints().mapToObj(c -> Character.isISOControl(c) || c == 0x7F ? String.format("\\u%04x", c) : Character.toString(c))
                .collect(Collectors.joining());
    }

    /// `REDUCE`: what the call of a listed name with these arguments stands for.
    static PickleValue call(PickleInput in, long at, PickleValue function, PickleValue arguments) {
        if (!(function instanceof PickleValue.Name(String name)) || !(arguments instanceof PickleValue.Items items) || !items.isTuple()) {
            throw in.error(at, "found a call of " + function.kind() + " with " + arguments.kind() + ", wanted a listed name and a tuple");
        }
        List<PickleValue> a = items.values();
        return switch (name) {
            case ORDERED_DICT -> {
                if (!a.isEmpty()) throw in.error(at, "found OrderedDict with " + a.size() + " arguments, wanted none");
                yield new PickleValue.Dict();
            }
            case TENSOR -> tensor(in, at, a);
            case PARAMETER -> {
                if (a.size() != 3 || !(a.get(0) instanceof PickleValue.TensorView))
                    throw in.error(at, "found a parameter of " + items.kind() + ", wanted (tensor, requires_grad, hooks)");
                requireFlagAndNoHooks(in, at, a.get(1), a.get(2));
                yield a.get(0);
            }
            default -> throw in.error(at, "found a call of " + name + ", which is a type and not called in tensor files");
        };
    }

    private static PickleValue tensor(PickleInput in, long at, List<PickleValue> a) {
        if (a.size() != 6 || !(a.getFirst() instanceof PickleValue.Storage storage)) {
            throw in.error(at, "found a tensor made of " + a.size() + " parts, wanted 6: (storage, offset, shape, strides, requires_grad, hooks)");
        }
        requireFlagAndNoHooks(in, at, a.get(4), a.get(5));
        long[] shape = sizes(in, at, "shape", a.get(2));
        long[] strides = sizes(in, at, "strides", a.get(3));
        if (shape.length != strides.length)
            throw in.error(at, "found " + shape.length + " sizes and " + strides.length + " strides, wanted as many of one as of the other");
        return new PickleValue.TensorView(storage, size(in, at, "offset", a.get(1)), shape, strides);
    }

    // Hooks would be functions; a tensor that was saved as it should be has an empty OrderedDict here.
    private static void requireFlagAndNoHooks(PickleInput in, long at, PickleValue flag, PickleValue hooks) {
        if (!(flag instanceof PickleValue.Flag)) throw in.error(at, "found requires_grad " + flag.kind() + ", wanted True or False");
        if (!(hooks instanceof PickleValue.Dict d) || !d.entries().isEmpty())
            throw in.error(at, "found backward hooks " + hooks.kind() + ", wanted an empty OrderedDict");
    }

    private static long[] sizes(PickleInput in, long at, String what, PickleValue v) {
        if (!(v instanceof PickleValue.Items items) || !items.isTuple() || items.values().size() > 64)
            throw in.error(at, "found " + what + " " + v.kind() + ", wanted a tuple of at most 64 numbers");
        return items.values().stream().mapToLong(x -> size(in, at, what, x)).toArray();
    }

    private static long size(PickleInput in, long at, String what, PickleValue v) {
        if (!(v instanceof PickleValue.Whole(BigInteger n)) || n.signum() < 0 || n.bitLength() > 62)
            throw in.error(at, "found " + v.kind() + " in " + what + ", wanted a whole number >= 0 below 2^62");
        return n.longValue();
    }

    /// `BINPERSID`: a tensor's elements, `("storage", class, key, device, count)`; the old form has a sixth part for views, which is None.
    static PickleValue.Storage storage(PickleInput in, long at, PickleValue id) {
        if (id instanceof PickleValue.Items items && items.isTuple()
                && (items.values().size() == 5 || items.values().size() == 6 && items.values().get(5) == PickleValue.Nothing.NONE)) {
            List<PickleValue> a = items.values();
            if (a.get(0) instanceof PickleValue.Text(String tag) && tag.equals("storage") && a.get(1) instanceof PickleValue.Name(String type)
                    && type.startsWith("torch.") && STORAGES.contains(type.substring("torch.".length()))
                    && a.get(2) instanceof PickleValue.Text(String key) && a.get(3) instanceof PickleValue.Text) {
                return new PickleValue.Storage(type.substring("torch.".length()), key, size(in, at, "a storage's count", a.get(4)));
            }
        }
        throw in.error(at, "found the persistent id " + id.kind() + ", wanted (\"storage\", type, key, device, count)");
    }
}
