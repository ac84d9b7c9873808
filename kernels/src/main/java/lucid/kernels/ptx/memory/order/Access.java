package lucid.kernels.ptx.memory.order;

/// How an access takes part in the memory model.
///
/// @param strong volatile, relaxed, acquire, release or atomic: such accesses do not race with each other
/// @param scope among whom it is strong
/// @param acquire orders what was published at the location before what the thread does next
/// @param release publishes what the thread has done
/// @param nonCoherent `ld.global.nc`: the memory must not be written while the kernel runs
public record Access(boolean strong, Scope scope, boolean acquire, boolean release, boolean nonCoherent) {
    /// A plain `ld` or `st`.
    public static final Access WEAK = new Access(false, Scope.BLOCK, false, false, false);
    /// `ld.global.nc`.
    public static final Access NON_COHERENT = new Access(false, Scope.BLOCK, false, false, true);
    /// The default of `atom` and `red`.
    public static final Access RELAXED_GPU = new Access(true, Scope.GPU, false, false, false);

    /// `.cta`, `.cluster`, `.gpu` or `.sys` (one GPU: the last two are the same).
    public enum Scope {
        BLOCK, CLUSTER, GPU;

        Scope narrower(Scope other) {
            return compareTo(other) < 0 ? this : other;
        }
    }

    /// What a [Stamp] keeps of it.
    public int kind() {
        return !strong ? Stamp.WEAK : scope == Scope.BLOCK ? Stamp.STRONG_BLOCK : Stamp.STRONG;
    }
}
