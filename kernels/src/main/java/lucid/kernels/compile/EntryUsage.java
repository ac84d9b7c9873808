package lucid.kernels.compile;

/// What one entry point uses: registers per thread, named barriers, bytes of stack, of spill stores and loads, of static shared memory, and of
/// constant memory (the parameters among them).
public record EntryUsage(String entry, int registers, int barriers, int stackBytes, int spillStoreBytes, int spillLoadBytes, int sharedBytes,
        int constantBytes) {
    /// Whether registers are kept in local memory for a while. In a hot kernel that is refused.
    public boolean spills() {
        return spillStoreBytes > 0 || spillLoadBytes > 0;
    }

    @Override public String toString() {
        return entry + ": " + registers + " registers, " + barriers + " barriers, " + sharedBytes + " B shared, " + constantBytes + " B constant, "
                + stackBytes
                + " B stack, spills " + spillStoreBytes + " B stored / " + spillLoadBytes + " B loaded";
    }
}
