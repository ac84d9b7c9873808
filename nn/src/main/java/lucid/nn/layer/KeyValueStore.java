package lucid.nn.layer;

import lucid.tensor.Tensor;

/// Where a decoder layer's keys and values go before attention reads them. In training they are simply the rows of the batch; with a cache the
/// new rows are written to their places and attention reads the whole cache. The attention plan names rows of what comes back.
public interface KeyValueStore {
    /// The rows themselves.
    KeyValueStore ROWS = new KeyValueStore() {
        @Override public Tensor keys(int layer, Tensor k) { return k; }

        @Override public Tensor values(int layer, Tensor v) { return v; }
    };

    /// @param k rotated keys of the rows of this pass, [rows, kvHeads · headDim]
    Tensor keys(int layer, Tensor k);

    /// @param v values of the rows of this pass, [rows, kvHeads · headDim]
    Tensor values(int layer, Tensor v);
}
