package lucid.nn.generate;

import lucid.kernels.contract.DType;
import lucid.nn.config.Qwen2Config;
import lucid.nn.layer.KeyValueStore;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// Keys and values of all layers for one sequence that grows: row i is position i.
final class SequenceCache implements KeyValueStore {
    private final Tensor[] keys;
    private final Tensor[] values;
    private int at;

    SequenceCache(Scope scope, Qwen2Config config, int capacity) {
        keys = new Tensor[config.layers()];
        values = new Tensor[config.layers()];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = Tensor.undefined(scope, DType.F32, capacity, config.kvHeads() * config.headDim());
            values[i] = Tensor.undefined(scope, DType.F32, capacity, config.kvHeads() * config.headDim());
        }
    }

    /// The rows of the next pass belong at this position and after it.
    void at(int position) { at = position; }

    @Override public Tensor keys(int layer, Tensor k) { return store(keys[layer], k); }

    @Override public Tensor values(int layer, Tensor v) { return store(values[layer], v); }

    private Tensor store(Tensor cache, Tensor rows) {
        cache.device().elementwise().copy(rows.matrix(), cache.matrix().rows(at, at + rows.shape().rows()));
        return cache;
    }
}
