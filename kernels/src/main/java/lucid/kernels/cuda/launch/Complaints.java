package lucid.kernels.cuda.launch;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.gpu.Gpu;

/// What only kernels see to be wrong (an id outside its table, a row of logits without a largest one), said when results are next read: nothing waits
/// for the GPU before.
///
/// Each call that can go wrong has a 64-bit word on the device, all ones at first, that kernels lower by `red.min.u64` to `row · 2^32 + value`: so it
/// ends with the least wrong row. The words are used in the order of the calls and from the start again once they were looked at, so the first call
/// that went wrong is the one that is reported, and a step that is repeated meets the same words.
public final class Complaints {
    /// In words of the CPU devices what is wrong with a value in a row.
    public interface Wording {
        /// Throws.
        void refuse(int row, int value);
    }

    private static final int WORDS = 4096;
    private static final long NONE = -1;

    private final Gpu gpu;
    private final long address;
    private final List<Wording> open = new ArrayList<>();

    Complaints(Gpu gpu) {
        this.gpu = gpu;
        this.address = gpu.allocate(Long.BYTES * WORDS, "error words");
        silence(WORDS);
    }

    private void silence(int words) {
        long[] none = new long[words];
        Arrays.fill(none, NONE);
        gpu.copyIn(address, MemorySegment.ofArray(none));
    }

    /// The word of a call.
    public long word(Wording wording) {
        if (open.size() == WORDS) check();
        open.add(wording);
        return address + Long.BYTES * (open.size() - 1L);
    }

    /// The word of a call that takes indices `0 .. limit`, see [Checks#index].
    public long index(String operation, String name, int limit) { return word((row, value) -> Checks.index(operation, name, row, value, limit)); }

    /// Waits for the calls so far, and throws what the first one of them complains about.
    public void check() {
        if (open.isEmpty()) return;
        long[] words = new long[open.size()];
        gpu.copyOut(address, MemorySegment.ofArray(words));
        judge(words);
    }

    private void judge(long[] words) {
        List<Wording> asked = List.copyOf(open);
        open.clear();
        for (int i = 0; i < words.length; i++) {
            if (words[i] == NONE) continue;
            silence(words.length);
            int row = (int) (words[i] >>> 32);
            int value = (int) words[i];
            asked.get(i).refuse(row, value);
            throw new IllegalStateException("a kernel complained about row " + row + " with " + value
                    + ", which is allowed; this is a fault of Lucid's");
        }
    }

    /// Copies to the host, unless there is something to complain about.
    public void read(long from, MemorySegment target) {
        if (open.isEmpty()) {
            gpu.copyOut(from, target);
            return;
        }
        long[] words = new long[open.size()];
        gpu.copyOut(new Gpu.Read(address, MemorySegment.ofArray(words)), new Gpu.Read(from, target));
        judge(words);
    }

    /// Has a kernel look at indices `0 .. limit` for the sake of this alone.
    ///
    /// @param allowed an index that may stand there as well; null: none
    public void lookAt(Kernels kernels, String operation, String name, Buffer indices, int limit, Integer allowed) {
        int count = Math.toIntExact(indices.length());
        if (count == 0) return;
        kernels.call("index_check_i32_sm80").buffer(indices).u32(count).u32(limit).u32(allowed == null ? 0 : 1).u32(allowed == null ? 0 : allowed)
                .u64(index(operation, name, limit)).launch((count + 255L) / 256, 256);
    }
}
