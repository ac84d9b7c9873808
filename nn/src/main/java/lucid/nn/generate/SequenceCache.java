package lucid.nn.generate;

import java.util.stream.IntStream;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowPlaces;
import lucid.nn.config.Qwen2Config;
import lucid.nn.layer.KeyValueStore;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// Keys and values of all layers for one sequence that grows: row i is position i.
final class SequenceCache implements KeyValueStore {
    private final Tensor[] keys;
    private final Tensor[] values;
    private RowPlaces places;

    SequenceCache(Scope scope, Qwen2Config config, int capacity) {
        keys = new Tensor[config.layers()];
        values = new Tensor[config.layers()];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = Tensor.undefined(scope, DType.F32, capacity, config.kvHeads() * config.headDim());
            values[i] = Tensor.undefined(scope, DType.F32, capacity, config.kvHeads() * config.headDim());
        }
    }

    /// The `rows` rows of the next pass belong at this position and after it.
    void at(int position, int rows) { places = new RowPlaces(IntStream.range(position, position + rows).toArray()); }

    @Override public Tensor keys(int layer, Tensor k) { return store(keys[layer], k); }

    @Override public Tensor values(int layer, Tensor v) { return store(values[layer], v); }

    private Tensor store(Tensor cache, Tensor rows) {
        cache.device().elementwise().copyRows(rows.matrix(), places, cache.matrix());
        return cache;
    }
}
