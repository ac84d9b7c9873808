package lucid.kernels.ptx.memory.shadow;

import java.util.Arrays;

/// Which bytes of a page have been given a value: one bit per byte.
public final class ReadyBits {
    private final long[] words;
    /// Every byte that may be accessed here is ready.
    private boolean all;

    public ReadyBits(int bytes) {
        words = new long[bytes + 63 >> 6];
    }

    public boolean covers(int offset, int bytes) {
        if (all) {
            return true;
        }
        int first = offset >> 6;
        int last = offset + bytes - 1 >> 6;
        long head = -1L << offset;
        long tail = -1L >>> -(offset + bytes);
        if (first == last) {
            return (words[first] & (head & tail)) == (head & tail);
        }
        boolean full = (words[first] & head) == head && (words[last] & tail) == tail;
        for (int i = first + 1; i < last; i++) {
            full &= words[i] == -1L;
        }
        return full;
    }

    public void add(int offset, int bytes) {
        if (all || bytes == 0) {
            return;
        }
        int first = offset >> 6;
        int last = offset + bytes - 1 >> 6;
        long head = -1L << offset;
        long tail = -1L >>> -(offset + bytes);
        if (first == last) {
            words[first] |= head & tail;
            return;
        }
        words[first] |= head;
        Arrays.fill(words, first + 1, last, -1L);
        words[last] |= tail;
    }

    /// Every byte that may be accessed here has been given a value.
    public void addAll() {
        Arrays.fill(words, -1L);
        all = true;
    }

    public void remove(int offset, int bytes) {
        all = false;
        for (int i = offset; i < offset + bytes; i++) {
            words[i >> 6] &= ~(1L << i);
        }
    }

    /// [#covers] for an aligned access of at most 16 bytes: it lies within one word.
    public boolean coversAligned(int offset, int bytes) {
        long wanted = (1L << bytes) - 1;
        return all || (words[offset >> 6] >>> offset & wanted) == wanted;
    }

    /// Adds an aligned access of at most 16 bytes for every lane of `mask`, each at its address minus `origin`.
    public void add(int mask, long[] addresses, long origin, int bytes) {
        long added = (1L << bytes) - 1;
        for (int left = all ? 0 : mask; left != 0; left &= left - 1) {
            int offset = (int) (addresses[Integer.numberOfTrailingZeros(left)] - origin);
            words[offset >> 6] |= added << offset;
        }
    }
}
