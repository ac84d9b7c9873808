package lucid.nn.file.pickle;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a pickle of tensors can hold. Nothing here has behaviour: a [Name] is two strings, not a class.
public sealed interface PickleValue {
    /// In words, for messages.
    String kind();

    /// Levels of containers below this one.
    default int depth() { return 0; }

    /// Python's None.
    enum Nothing implements PickleValue {
        NONE;

        @Override public String kind() { return "None"; }
    }

    record Flag(boolean value) implements PickleValue {
        @Override public String kind() { return value ? "True" : "False"; }
    }

    record Whole(BigInteger value) implements PickleValue {
        @Override public String kind() { return "the number " + value; }
    }

    record Real(double value) implements PickleValue {
        @Override public String kind() { return "the number " + value; }
    }

    record Text(String value) implements PickleValue {
        @Override public String kind() { return "the string \"" + (value.length() > 80 ? value.substring(0, 80) + "..." : value) + "\""; }
    }

    /// A global on the list of those that tensors need, for example `torch.FloatStorage`.
    record Name(String qualified) implements PickleValue {
        @Override public String kind() { return "the name " + qualified; }
    }

    /// Elements that lie outside the pickle.
    ///
    /// @param type  name of the storage class without its module, for example `BFloat16Storage`
    /// @param count number of elements
    record Storage(String type, String key, long count) implements PickleValue {
        @Override public String kind() { return "a storage"; }
    }

    /// A view of a storage; offset and strides in elements, not yet checked against it.
    record TensorView(Storage storage, long offset, long[] shape, long[] strides) implements PickleValue {
        @Override public String kind() { return "a tensor"; }
    }

    /// A tuple (complete when it is made) or a list.
    final class Items implements PickleValue {
        private final boolean tuple;
        private final List<PickleValue> values;
        private int depth = 1;

        Items(boolean tuple, List<PickleValue> values) {
            this.tuple = tuple;
            this.values = new ArrayList<>(values.size());
            values.forEach(this::add);
        }

        void add(PickleValue v) {
            values.add(v);
            depth = Math.max(depth, v.depth() + 1);
        }

        public boolean isTuple() { return tuple; }

        public List<PickleValue> values() { return Collections.unmodifiableList(values); }

        @Override public int depth() { return depth; }

        @Override public String kind() { return (tuple ? "a tuple of " : "a list of ") + values.size(); }
    }

    /// A dict or an OrderedDict. Keys are String or BigInteger: both are Comparable, so a flood of equal hash codes costs a map log n and not n.
    final class Dict implements PickleValue {
        private final Map<Object, PickleValue> entries = new LinkedHashMap<>();
        private int depth = 1;

        /// False if the key is there already.
        boolean put(Object key, PickleValue value) {
            depth = Math.max(depth, value.depth() + 1);
            return entries.putIfAbsent(key, value) == null;
        }

        public Map<Object, PickleValue> entries() { return Collections.unmodifiableMap(entries); }

        @Override public int depth() { return depth; }

        @Override public String kind() { return "a dict of " + entries.size(); }
    }
}
