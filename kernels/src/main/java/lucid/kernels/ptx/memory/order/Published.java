package lucid.kernels.ptx.memory.order;

/// What a release left at a location.
///
/// @param scope how far it reaches
/// @param block of the releasing warp
/// @param cluster of the releasing warp
public record Published(Snapshot snapshot, Access.Scope scope, int block, int cluster) {

    /// True when a reader with that scope in that block synchronises with it: each one's scope must take in the other.
    boolean reaches(Access.Scope reader, int readerBlock, int readerCluster) {
        return switch (scope.narrower(reader)) {
            case BLOCK -> block == readerBlock;
            case CLUSTER -> cluster == readerCluster;
            case GPU -> true;
        };
    }

    /// A read-modify-write continues the release sequence that it finds (PTX ISA, "Release and Acquire Patterns").
    public static Published continued(Published found, Published own) {
        if (own == null || found == null) {
            return own == null ? found : own;
        }
        return new Published(found.snapshot.join(own.snapshot), own.scope, own.block, own.cluster);
    }
}
