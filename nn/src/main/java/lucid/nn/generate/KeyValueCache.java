package lucid.nn.generate;

import java.util.Arrays;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowPlaces;
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
    /// Where the rows of the next pass go; null: they are the prompts'.
    private RowPlaces places;

    KeyValueCache(Scope scope, Qwen2Config config, int promptRows, int slotCount, int capacity) {
        this.promptRows = promptRows;
        this.capacity = capacity;
        int width = config.kvHeads() * config.headDim();
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

    /// The next pass computes one row for each of these slots, at this position of its region.
    void decoding(int[] liveSlots, int at) { places = new RowPlaces(Arrays.stream(liveSlots).map(s -> region(s) + at).toArray()); }

    @Override public Tensor keys(int layer, Tensor k) { return store(keys[layer], k); }

    @Override public Tensor values(int layer, Tensor v) { return store(values[layer], v); }

    private Tensor store(Tensor cache, Tensor rows) {
        Elementwise elements = cache.device().elementwise();
        if (places == null) elements.copy(rows.matrix(), cache.matrix().rows(0, promptRows));
        else elements.copyRows(rows.matrix(), places, cache.matrix());
        return cache;
    }
}
