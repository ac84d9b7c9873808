package lucid.nn.batch;

import java.util.Arrays;

/// Growing int array.
final class IntList {
    private int[] values = new int[16];
    int size;

    void add(int v) {
        if (size == values.length) values = Arrays.copyOf(values, 2 * size);
        values[size++] = v;
    }

    int[] toArray() { return Arrays.copyOf(values, size); }
}
