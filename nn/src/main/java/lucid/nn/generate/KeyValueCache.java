package lucid.nn.generate;

import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.nn.config.Qwen2Config;
import lucid.nn.layer.KeyValueStore;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// Keys and values of all layers. First the rows of all prompts, packed as they were computed; then one region per slot (completion),
/// `capacity` rows each. A prompt's rows are stored once, whatever the number of completions that continue it.
final class KeyValueCache implements KeyValueStore {
    private final Tensor[] keys;
    private final Tensor[] values;
    private final int promptRows;
    private final int capacity;
    private final int width;
    /// Slots whose rows the next pass computes, in row order; null: the pass computes the prompts.
    private int[] slots;
    private int position;

    KeyValueCache(Scope scope, Qwen2Config config, int promptRows, int slotCount, int capacity) {
        this.promptRows = promptRows;
        this.capacity = capacity;
        this.width = config.kvHeads() * config.headDim();
        this.keys = new Tensor[config.layers()];
        this.values = new Tensor[config.layers()];
        int rows = Math.addExact(promptRows, Math.multiplyExact(slotCount, capacity));
        for (int i = 0; i < keys.length; i++) {
            keys[i] = Tensor.undefined(scope, DType.F32, rows, width);
            values[i] = Tensor.undefined(scope, DType.F32, rows, width);
        }
    }

    /// First row of a slot's region.
    int region(int slot) { return promptRows + slot * capacity; }

    /// The next pass computes one row for each of these slots (ascending), at this position of its region.
    void decoding(int[] liveSlots, int at) {
        slots = liveSlots;
        position = at;
    }

    @Override public Tensor keys(int layer, Tensor k) { return store(keys[layer], k); }

    @Override public Tensor values(int layer, Tensor v) { return store(values[layer], v); }

    private Tensor store(Tensor cache, Tensor rows) {
        Matrix source = rows.matrix();
        Matrix all = cache.matrix();
        if (slots == null) {
            copy(cache, source, all.rows(0, promptRows));
            return cache;
        }
        // Neighbouring slots lie `capacity` rows apart: a run of them is one strided copy.
        for (int from = 0; from < slots.length; ) {
            int to = from + 1;
            while (to < slots.length && slots[to] == slots[to - 1] + 1) to++;
            long offset = (long) (region(slots[from]) + position) * width;
            copy(cache, source.rows(from, to), new Matrix(all.buffer(), offset, to - from, width, (long) capacity * width));
            from = to;
        }
        return cache;
    }

    private static void copy(Tensor cache, Matrix from, Matrix to) { cache.device().elementwise().copy(from, to); }
}
