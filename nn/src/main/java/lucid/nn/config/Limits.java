package lucid.nn.config;

/// Sizes that no model has. A slip in a `config.json` would otherwise ask for all memory, or for a product that int does not hold: sums over all layers stay within long as well.
final class Limits {
    /// Layers of one kind.
    static final int LAYERS = 4096;
    /// Columns of a matrix.
    static final int WIDTH = 1 << 20;
    /// Rows of a table.
    static final int ROWS = 1 << 24;
    /// Numbers of a table that is computed when the model is built.
    static final int TABLE = 1 << 28;

    private Limits() {}

    static void atMost(String key, int found, int most) {
        if (found > most) throw new ConfigException(key + ": found " + found + ", wanted at most " + most);
    }

    /// Refuses a size whose product with another one is more than `most`.
    ///
    /// @param by name of the other one
    static void atMost(String key, int found, int most, String by, int times) {
        if ((long) found * times > most) throw new ConfigException(key + ": found " + found + ", wanted at most " + most / times + " (" + most + " over " + by + " " + times + ")");
    }
}
