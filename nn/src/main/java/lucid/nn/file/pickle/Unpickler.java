package lucid.nn.file.pickle;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Reads one pickle: a stack machine whose opcodes are exactly those that tensors and plain containers need.
/// Opcodes by name and meaning: `pickletools.py` of CPython. What it cannot need (calls of classes, extensions, numbers in the text of protocol 0) is
/// refused by name.
public final class Unpickler {
    /// A state dict of 20,000 tensors has a pickle of about 4 MB.
    static final long MAX_BYTES = 16L << 20;
    /// Values made by one pickle: about 20 for a tensor.
    static final int MAX_VALUES = 2_000_000;
    static final int MAX_STACK = 1_000_000;
    static final int MAX_MARKS = 64;
    static final int MAX_DEPTH = 64;

    private final PickleInput in;
    private final long start;
    private final List<PickleValue> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Long, PickleValue> memo = new HashMap<>();
    private int made;
    private long at;

    private Unpickler(PickleInput in) {
        this.in = in;
        this.start = in.position();
    }

    /// Reads the pickle at the cursor and leaves the cursor behind it.
    ///
    /// @throws PickleException if it is damaged, too large, or holds anything but data
    public static PickleValue read(PickleInput in) { return new Unpickler(in).run(); }

    private PickleValue run() {
        at = in.position();
        while (true) {
            at = in.position();
            if (at - start > MAX_BYTES)
                throw in.error(at, "found a pickle longer than " + MAX_BYTES + " bytes, wanted the description of a model's tensors");
            int op = in.u8();
            if (op == '.') break;
            if (op == 0x80 && at == start) requireProtocol(in.u8());
            else if (!data(op) && !container(op)) structure(op);
        }
        if (stack.size() != 1 || !marks.isEmpty())
            throw in.error(at, "found " + stack.size() + " values and " + marks.size() + " marks at the end, wanted one value");
        return stack.getFirst();
    }

    private void requireProtocol(int protocol) {
        if (protocol < 2 || protocol > 5) throw in.error(at, "found pickle protocol " + protocol + ", wanted 2 to 5");
    }

    private boolean data(int op) {
        switch (op) {
            case 'N' -> push(PickleValue.Nothing.NONE);
            case 0x88 -> push(new PickleValue.Flag(true));
            case 0x89 -> push(new PickleValue.Flag(false));
            case 'J' -> push(whole(in.i32()));
            case 'K' -> push(whole(in.u8()));
            case 'M' -> push(whole(in.u16()));
            case 0x8A -> push(new PickleValue.Whole(in.integer(in.u8())));
            case 'G' -> push(new PickleValue.Real(in.f64()));
            case 'X' -> push(new PickleValue.Text(in.utf8(Integer.toUnsignedLong(in.i32()))));
            case 0x8C, 'U' -> push(new PickleValue.Text(in.utf8(in.u8())));
            // Lines of protocol 0: no tensor file has them, but what a hostile one would call comes after its strings, and should be named.
            case 'S', 'V' -> push(new PickleValue.Text(in.line()));
            case 0x8D -> push(new PickleValue.Text(in.utf8(in.i64())));
            default -> {
                return false;
            }
        }
        return true;
    }

    private static PickleValue whole(long v) { return new PickleValue.Whole(BigInteger.valueOf(v)); }

    private boolean container(int op) {
        switch (op) {
            case ')' -> push(new PickleValue.Items(true, List.of()));
            case ']' -> push(new PickleValue.Items(false, List.of()));
            case '}' -> push(new PickleValue.Dict());
            case '(' -> {
                if (marks.size() == MAX_MARKS) throw in.error(at, "found more than " + MAX_MARKS + " nested marks");
                marks.add(stack.size());
            }
            case 't' -> push(tuple(popToMark()));
            case 0x85 -> push(tuple(popLast(1)));
            case 0x86 -> push(tuple(popLast(2)));
            case 0x87 -> push(tuple(popLast(3)));
            case 'a' -> {
                PickleValue v = pop();
                append(List.of(v));
            }
            case 'e' -> append(popToMark());
            case 's' -> setItems(popLast(2));
            case 'u' -> setItems(popToMark());
            default -> {
                return false;
            }
        }
        return true;
    }

    private void structure(int op) {
        switch (op) {
            case 'c' -> push(Globals.resolve(in, at, in.line(), in.line()));
            case 0x93 -> {
                List<PickleValue> names = popLast(2);
                if (!(names.get(0) instanceof PickleValue.Text(String module)) || !(names.get(1) instanceof PickleValue.Text(String name))) {
                    throw in.error(at, "found STACK_GLOBAL of " + names.get(0).kind() + " and " + names.get(1).kind() + ", wanted two strings");
                }
                push(Globals.resolve(in, at, module, name));
            }
            case 'R' -> {
                List<PickleValue> call = popLast(2);
                push(Globals.call(in, at, call.get(0), call.get(1)));
            }
            case 'b' -> build();
            case 'Q' -> push(Globals.storage(in, at, pop()));
            case 'h' -> push(recall(in.u8()));
            case 'j' -> push(recall(Integer.toUnsignedLong(in.i32())));
            case 'q' -> remember(in.u8());
            case 'r' -> remember(Integer.toUnsignedLong(in.i32()));
            case 0x94 -> remember(memo.size());
            case 0x95 -> {
                long length = in.i64();
                if (length < 0 || length > in.remaining())
                    throw in.error(at, "found a frame of " + Long.toUnsignedString(length) + " bytes, wanted at most " + in.remaining());
            }
            default -> throw Opcodes.refused(in, at, op);
        }
    }

    private void push(PickleValue v) {
        if (++made > MAX_VALUES) throw in.error(at, "found more than " + MAX_VALUES + " values, wanted the description of a model's tensors");
        if (stack.size() == MAX_STACK) throw in.error(at, "found more than " + MAX_STACK + " values on the stack");
        stack.add(v);
    }

    private int floor() { return marks.isEmpty() ? 0 : marks.getLast(); }

    private PickleValue pop() { return popLast(1).getFirst(); }

    // Values below the last mark belong to an outer container.
    private List<PickleValue> popLast(int count) {
        if (stack.size() - floor() < count) throw in.error(at, "found " + (stack.size() - floor()) + " values on the stack, wanted " + count);
        return take(stack.size() - count);
    }

    private List<PickleValue> popToMark() {
        if (marks.isEmpty()) throw in.error(at, "found no mark");
        return take(marks.removeLast());
    }

    private List<PickleValue> take(int from) {
        List<PickleValue> tail = stack.subList(from, stack.size());
        List<PickleValue> out = List.copyOf(tail);
        tail.clear();
        return out;
    }

    private PickleValue top() {
        if (stack.size() == floor()) throw in.error(at, "found an empty stack");
        return stack.getLast();
    }

    private PickleValue tuple(List<PickleValue> values) { return checkedDepth(new PickleValue.Items(true, values)); }

    private PickleValue checkedDepth(PickleValue v) {
        if (v.depth() > MAX_DEPTH) throw in.error(at, "found containers nested more than " + MAX_DEPTH + " deep");
        return v;
    }

    private void append(List<PickleValue> values) {
        if (!(top() instanceof PickleValue.Items list) || list.isTuple())
            throw in.error(at, "found an append to " + top().kind() + ", wanted a list");
        for (PickleValue v : values) {
            if (v == list) throw in.error(at, "found a list that holds itself");
            list.add(v);
        }
        checkedDepth(list);
    }

    private void setItems(List<PickleValue> pairs) {
        if (!(top() instanceof PickleValue.Dict dict) || pairs.size() % 2 != 0)
            throw in.error(at, "found " + pairs.size() + " keys and values for " + top().kind() + ", wanted pairs and a dict");
        for (int i = 0; i < pairs.size(); i += 2) {
            PickleValue key = pairs.get(i);
            Object plain = switch (key) {
                case PickleValue.Text(String text) -> text;
                case PickleValue.Whole(BigInteger number) -> number;
                default -> throw in.error(at, "found " + key.kind() + " as a key, wanted a string or a whole number");
            };
            if (pairs.get(i + 1) == dict) throw in.error(at, "found a dict that holds itself");
            if (!dict.put(plain, pairs.get(i + 1))) throw in.error(at, "found " + key.kind() + " twice as a key of one dict");
        }
        checkedDepth(dict);
    }

    /// `nn.Module.state_dict()` hangs version numbers on its OrderedDict as an attribute; nothing else may set attributes.
    private void build() {
        PickleValue state = pop();
        boolean versions = top() instanceof PickleValue.Dict && state instanceof PickleValue.Dict d && d.entries().size() == 1
                && d.entries().get("_metadata") instanceof PickleValue.Dict;
        if (!versions)
            throw in.error(at, "refused BUILD: found " + state.kind() + " as the state of " + top().kind() + ", wanted a state dict's _metadata");
    }

    private PickleValue recall(long index) {
        PickleValue v = memo.get(index);
        if (v == null) throw in.error(at, "found a reference to memo " + index + ", wanted one of the " + memo.size() + " that were written");
        return v;
    }

    private void remember(long index) {
        if (memo.size() >= MAX_VALUES) throw in.error(at, "found more than " + MAX_VALUES + " memos");
        memo.put(index, top());
    }
}
