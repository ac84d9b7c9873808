package lucid.grpo.data;

/// One thing to learn from given text.
///
/// @param kind   of the mixture, see the recipe
/// @param visual what is seen, or null for text alone
/// @param ids    tokens, with the placeholder -200 where the visual rows go
/// @param labels the same length; -100 where nothing is learned
public record Example(String kind, Visual visual, int[] ids, int[] labels) {
    public static final int PLACEHOLDER = -200;
    public static final int IGNORE = -100;

    public Example {
        if (ids.length != labels.length) throw new IllegalArgumentException("example: " + ids.length + " ids but " + labels.length + " labels");
        long places = java.util.Arrays.stream(ids).filter(id -> id == PLACEHOLDER).count();
        if (places != (visual == null ? 0 : 1)) {
            throw new IllegalArgumentException("example of kind " + kind + ": " + places + " video placeholders, wanted "
                    + (visual == null ? "none (no clip)" : "1"));
        }
    }

    /// What is given, then what is learned.
    public static Example of(String kind, Visual visual, int[] given, int[] target) {
        int[] ids = new int[given.length + target.length];
        int[] labels = new int[ids.length];
        System.arraycopy(given, 0, ids, 0, given.length);
        System.arraycopy(target, 0, ids, given.length, target.length);
        java.util.Arrays.fill(labels, 0, given.length, IGNORE);
        System.arraycopy(target, 0, labels, given.length, target.length);
        return new Example(kind, visual, ids, labels);
    }

    /// Tokens that are learned.
    public int learned() { return (int) java.util.Arrays.stream(labels).filter(l -> l != IGNORE).count(); }
}
