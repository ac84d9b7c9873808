package lucid.nn.file.pickle;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// Writes the pickle of a state dict in protocol 2, byte for byte as CPython's pickler does for `torch.save` of an OrderedDict of contiguous tensors:
/// the same opcodes, memos and batches (`Modules/_pickle.c`, `torch/_tensor.py`, `torch/serialization.py`). Also the pickles around it in the form
/// without a zip.
public final class Pickler {
    /// `MAGIC_NUMBER` and `PROTOCOL_VERSION` of the form without a zip.
    public static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    public static final int PROTOCOL = 1001;
    /// Items that one `SETITEMS` or `APPENDS` takes, `BATCHSIZE`.
    private static final int BATCH = 1000;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    /// Names and shared strings by what they are, with their memo; everything else is written once and only takes a number.
    private final Map<String, Integer> memo = new HashMap<>();
    private int memos;
    private final boolean legacy;

    private Pickler(boolean legacy) {
        this.legacy = legacy;
        op(0x80).op(2);
    }

    /// The pickle of the tensors in their order; hooks are empty and no gradient is required.
    ///
    /// @throws IllegalArgumentException if it would be longer than [Unpickler] reads
    public static byte[] stateDict(Map<String, PickleValue.TensorView> tensors) { return new Pickler(false).dict(tensors); }

    /// The same for the form without a zip, whose storages' ids have a sixth part.
    ///
    /// @throws IllegalArgumentException if it would be longer than [Unpickler] reads
    public static byte[] legacyStateDict(Map<String, PickleValue.TensorView> tensors) { return new Pickler(true).dict(tensors); }

    /// What stands before the state dict in the form without a zip (`_legacy_save`): three pickles of magic number, protocol and byte order of the
    /// machine with C's sizes.
    public static byte[] legacyHead() {
        byte[] magic = MAGIC.toByteArray();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        Pickler first = new Pickler(true);
        first.op(0x8A).op(magic.length);
        for (int i = magic.length - 1; i >= 0; i--) first.op(magic[i]);
        all.writeBytes(first.end());
        Pickler second = new Pickler(true);
        second.whole(PROTOCOL);
        all.writeBytes(second.end());
        Pickler p = new Pickler(true);
        p.op('}').put();
        p.op('(');
        p.text("protocol_version");
        p.whole(PROTOCOL);
        p.text("little_endian");
        p.op(0x88);
        p.text("type_sizes");
        p.op('}').put();
        p.op('(');
        p.text("short");
        p.whole(2);
        p.text("int");
        p.whole(4);
        p.text("long");
        p.whole(4);
        all.writeBytes(p.op('u').op('u').end());
        return all.toByteArray();
    }

    /// The list of the storages' keys, which stands after the state dict in the form without a zip; the storages follow in its order.
    public static byte[] legacyKeys(List<String> keys) {
        Pickler p = new Pickler(true);
        p.op(']').put();
        if (keys.size() == 1) {
            p.text(keys.getFirst());
            return p.op('a').end();
        }
        // A list's last batch has its mark even if it is of one, a dict's has not.
        for (int from = 0; from < keys.size(); from += BATCH) {
            p.op('(');
            keys.subList(from, Math.min(keys.size(), from + BATCH)).forEach(p::text);
            p.op('e');
        }
        return p.end();
    }

    private byte[] dict(Map<String, PickleValue.TensorView> tensors) {
        orderedDict();
        Iterator<Map.Entry<String, PickleValue.TensorView>> items = tensors.entrySet().iterator();
        for (int left = tensors.size(); left > 0; left -= BATCH) {
            // A batch of one has no mark.
            if (left > 1) op('(');
            for (int i = 0; i < Math.min(left, BATCH); i++) {
                Map.Entry<String, PickleValue.TensorView> e = items.next();
                text(e.getKey());
                tensor(e.getValue());
            }
            op(left > 1 ? 'u' : 's');
        }
        if (out.size() >= Unpickler.MAX_BYTES) {
            throw new IllegalArgumentException("pickle: " + tensors.size() + " tensors need " + out.size() + " bytes of description, wanted at most "
                    + Unpickler.MAX_BYTES + "; write shards, or safetensors");
        }
        return end();
    }

    private byte[] end() { return op('.').out.toByteArray(); }

    private void orderedDict() {
        global("collections", "OrderedDict");
        op(')').op('R').put();
    }

    /// `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`.
    private void tensor(PickleValue.TensorView view) {
        global("torch._utils", "_rebuild_tensor_v2");
        op('(');
        storage(view.storage());
        whole(view.offset());
        sizes(view.shape());
        sizes(view.strides());
        op(0x89);
        orderedDict();
        op('t').put();
        op('R').put();
    }

    /// The persistent id `("storage", type, key, device, count)`; without a zip a sixth part, of views, which is None (see [Globals]).
    private void storage(PickleValue.Storage s) {
        op('(');
        shared("storage");
        global("torch", s.type());
        text(s.key());
        shared("cpu");
        whole(s.count());
        if (legacy) op('N');
        op('t').put();
        op('Q');
    }

    private void sizes(long[] values) {
        if (values.length > 3) op('(');
        for (long v : values) whole(v);
        switch (values.length) {
            case 0 -> op(')');
            case 1, 2, 3 -> op(0x84 + values.length).put();
            default -> op('t').put();
        }
    }

    private void whole(long v) {
        if (v < 0) throw new IllegalArgumentException("pickle: found " + v + ", wanted a size, offset or stride, which is not negative");
        if (v <= 0xFF) op('K').op((int) v);
        else if (v <= 0xFFFF) op('M').bytes(little(v), 2);
        else if (v <= Integer.MAX_VALUE) op('J').bytes(little(v), 4);
        else {
            // The shortest two's complement, so a byte more where the highest bit would be a sign.
            int length = BigInteger.valueOf(v).toByteArray().length;
            op(0x8A).op(length).bytes(little(v), length);
        }
    }

    private static byte[] little(long v) { return ByteBuffer.allocate(9).order(ByteOrder.LITTLE_ENDIAN).putLong(v).array(); }

    private void text(String s) {
        byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
        op('X').bytes(little(utf8.length), 4).bytes(utf8, utf8.length).put();
    }

    private void shared(String s) {
        if (!recalled("'" + s)) text(s);
        memo.putIfAbsent("'" + s, memos - 1);
    }

    private void global(String module, String name) {
        String line = module + "\n" + name + "\n";
        if (recalled(line)) return;
        memo.put(line, memos);
        op('c').bytes(line.getBytes(StandardCharsets.US_ASCII), line.length()).put();
    }

    private boolean recalled(String what) {
        Integer index = memo.get(what);
        if (index == null) return false;
        if (index <= 0xFF) op('h').op(index);
        else op('j').bytes(little(index), 4);
        return true;
    }

    private void put() {
        if (memos <= 0xFF) op('q').op(memos);
        else op('r').bytes(little(memos), 4);
        memos++;
    }

    private Pickler op(int code) {
        out.write(code);
        return this;
    }

    private Pickler bytes(byte[] from, int length) {
        out.write(from, 0, length);
        return this;
    }
}
