package lucid.tokenizer;

import java.util.Arrays;

/// The merges of a vocabulary as an open-addressed hash table, and the merging itself.
///
/// A piece is merged by repeatedly joining the adjacent pair of lowest rank, the leftmost where ranks are equal. Short pieces scan for the minimum;
/// long ones keep a heap over a linked list, so that a piece of n bytes costs O(n log n) and a megabyte of one letter does not hang.
final class MergeTable {
    private static final int NO_RANK = Integer.MAX_VALUE;
    /// Where the heap's bookkeeping begins to pay for itself.
    private static final int SHORT_PIECE = 48;

    private long[] keys;
    private int[] ranks;
    private int mask;
    private int[] results;
    private int size;

    MergeTable(int expected) {
        int capacity = Math.max(16, Integer.highestOneBit(Math.max(1, expected)) * 4);
        keys = new long[capacity];
        ranks = new int[capacity];
        Arrays.fill(keys, -1);
        mask = capacity - 1;
        results = new int[Math.max(8, expected)];
    }

    /// Adds the merge of the next rank. A pair that is there already keeps its first rank and the answer is false.
    boolean add(int left, int right, int result) {
        int slot = slot(left, right);
        if (keys[slot] != -1) return false;
        if (size * 2 >= keys.length) {
            grow();
            slot = slot(left, right);
        }
        keys[slot] = key(left, right);
        ranks[slot] = size;
        if (size == results.length) results = Arrays.copyOf(results, size * 2);
        results[size++] = result;
        return true;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldRanks = ranks;
        keys = new long[oldKeys.length * 2];
        ranks = new int[keys.length];
        mask = keys.length - 1;
        Arrays.fill(keys, -1);
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] == -1) continue;
            int slot = slot((int) (oldKeys[i] >>> 32), (int) oldKeys[i]);
            keys[slot] = oldKeys[i];
            ranks[slot] = oldRanks[i];
        }
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }

    private int slot(int left, int right) {
        long key = key(left, right);
        // Fibonacci hashing: the high half of the product is well mixed.
        int slot = (int) (key * 0x9E3779B97F4A7C15L >>> 32) & mask;
        while (keys[slot] != key && keys[slot] != -1) slot = slot + 1 & mask;
        return slot;
    }

    private int rank(int left, int right) {
        int slot = slot(left, right);
        return keys[slot] == -1 ? NO_RANK : ranks[slot];
    }

    /// Merges `symbols[0..n)` in place and returns how many are left.
    int merge(int[] symbols, int n) {
        return n <= SHORT_PIECE ? mergeShort(symbols, n) : mergeLong(symbols, n);
    }

    private int mergeShort(int[] symbols, int n) {
        if (n < 2) return n;
        int[] pair = new int[n];
        for (int i = 0; i + 1 < n; i++) pair[i] = rank(symbols[i], symbols[i + 1]);
        while (n > 1) {
            int best = 0;
            for (int i = 1; i + 1 < n; i++) if (pair[i] < pair[best]) best = i;
            if (pair[best] == NO_RANK) break;
            symbols[best] = results[pair[best]];
            System.arraycopy(symbols, best + 2, symbols, best + 1, n - best - 2);
            System.arraycopy(pair, best + 1, pair, best, n - best - 1);
            n--;
            if (best + 1 < n) pair[best] = rank(symbols[best], symbols[best + 1]);
            if (best > 0) pair[best - 1] = rank(symbols[best - 1], symbols[best]);
        }
        return n;
    }

    private int mergeLong(int[] symbols, int n) {
        int[] next = new int[n];
        int[] previous = new int[n];
        LongHeap heap = new LongHeap(n);
        for (int i = 0; i < n; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
            if (i + 1 < n) offer(heap, symbols, i, i + 1);
        }
        while (!heap.isEmpty()) {
            long entry = heap.poll();
            int at = (int) entry;
            int rank = (int) (entry >>> 32);
            int right = symbols[at] < 0 ? n : next[at];
            // An entry is stale when one of its two symbols has since been merged into something else.
            if (right >= n || rank(symbols[at], symbols[right]) != rank) continue;
            symbols[at] = results[rank];
            symbols[right] = -1;
            next[at] = next[right];
            if (next[at] < n) {
                previous[next[at]] = at;
                offer(heap, symbols, at, next[at]);
            }
            if (previous[at] >= 0) offer(heap, symbols, previous[at], at);
        }
        int left = 0;
        for (int i = 0; i < n; i = next[i]) symbols[left++] = symbols[i];
        return left;
    }

    private void offer(LongHeap heap, int[] symbols, int left, int right) {
        int rank = rank(symbols[left], symbols[right]);
        if (rank != NO_RANK) heap.add((long) rank << 32 | left);
    }

    /// A binary min-heap of longs: rank in the high half, position in the low one, so that ties go to the leftmost.
    private static final class LongHeap {
        private long[] heap;
        private int size;

        LongHeap(int capacity) {
            heap = new long[capacity + 1];
        }

        boolean isEmpty() {
            return size == 0;
        }

        void add(long value) {
            if (size == heap.length) heap = Arrays.copyOf(heap, size * 2);
            int at = size++;
            for (int up; at > 0 && heap[up = at - 1 >>> 1] > value; at = up) heap[at] = heap[up];
            heap[at] = value;
        }

        long poll() {
            long top = heap[0];
            long last = heap[--size];
            int at = 0;
            for (int child; (child = 2 * at + 1) < size; at = child) {
                if (child + 1 < size && heap[child + 1] < heap[child]) child++;
                if (heap[child] >= last) break;
                heap[at] = heap[child];
            }
            heap[at] = last;
            return top;
        }
    }
}
