package lucid.tokenizer;

import java.util.Arrays;

/// A growing array of ints; token ids pass through it without boxing.
final class IntList {
    int[] items;
    int size;

    IntList(int capacity) {
        items = new int[Math.max(8, capacity)];
    }

    void add(int value) {
        reserve(1);
        items[size++] = value;
    }

    void addAll(int[] values) {
        reserve(values.length);
        System.arraycopy(values, 0, items, size, values.length);
        size += values.length;
    }

    void reserve(int more) {
        if (size + more > items.length) items = Arrays.copyOf(items, Math.max(items.length * 2, size + more));
    }

    int[] toArray() {
        return Arrays.copyOf(items, size);
    }
}
