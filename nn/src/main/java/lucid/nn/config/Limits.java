package lucid.nn.config;

/// Sizes that no model has. A slip in a `config.json` would otherwise ask for all memory, or for a product that int does not hold: sums over all
/// layers stay within long as well.
final class Limits {
    /// Layers of one kind.
    static final int LAYERS = 4096;
    /// Columns of a matrix.
    static final int WIDTH = 1 << 20;
    /// Numbers of a matrix: what int counts.
    static final int MATRIX = Integer.MAX_VALUE;
    /// Numbers of a table that is computed when the model is built.
    static final int TABLE = 1 << 28;

    private Limits() {}

    /// The longest side of a square of which `times` are a matrix.
    static int side(long times) { return (int) Math.sqrt((double) MATRIX / times); }

    static void atMost(String key, int found, int most) {
        if (found > most) throw new ConfigException(key + ": found " + found + ", wanted at most " + most);
    }

    /// Refuses a size whose product with others is more than `most`.
    ///
    /// @param by    names of the others
    /// @param times their product
    static void atMost(String key, int found, int most, String by, long times) {
        if (found > most / times)
            throw new ConfigException(key + ": found " + found + ", wanted at most " + most / times + " (" + most + " over " + by + " "
                    + times + ")");
    }
}
