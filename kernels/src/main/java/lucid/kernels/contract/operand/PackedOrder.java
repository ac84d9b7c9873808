package lucid.kernels.contract.operand;

/// The order in which a device reads a weight that many products `a · wᵀ` have in common, for those who keep weights in that order in a file beside
/// the weights themselves: what [lucid.kernels.Device#prepack] makes in memory then lies ready. No bit of any result depends on it.
public interface PackedOrder {
    /// What decides where each number lies, in a word: weights packed under one name can be used under the same name and under no other.
    String name();

    /// Whether products of weights of that type gain anything.
    boolean takes(DType type);

    /// Elements of a weight [n, k] in this order: not fewer than `n · k`.
    long length(int n, int k);

    /// Writes w in this order; elements beyond the weight are zeros.
    ///
    /// @param w      [n, k], the whole of its buffer
    /// @param packed [#length] elements of w's type
    void pack(Matrix w, Buffer packed);

    /// Says that `packed` holds w in this order, and that nobody writes either until w's buffer is closed, which closes `packed` too. Products with w
    /// may then read `packed` instead of w.
    ///
    /// @param w      [n, k], the whole of its buffer
    /// @param packed [#length] elements of w's type, from [#pack]
    void use(Matrix w, Buffer packed);
}
