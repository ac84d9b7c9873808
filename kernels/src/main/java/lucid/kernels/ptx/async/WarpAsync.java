package lucid.kernels.ptx.async;

/// What one warp has issued and not waited for.
final class WarpAsync {
    /// `cp.async`, per lane.
    final CommitGroups<CopyAsync> copies = new CommitGroups<>();
    /// Bulk copies that complete in groups, per lane.
    final CommitGroups<BulkStore> stores = new CommitGroups<>();
    private boolean blocked;
    private boolean timedOut;
    private long lastEmpty = -1;

    /// A bounded wait begins or goes on; false when its time has run out.
    boolean block() {
        blocked = !timedOut;
        timedOut = false;
        return blocked;
    }

    /// Ends the bounded wait, if the warp is in one.
    boolean timeOut() {
        timedOut = blocked;
        blocked = false;
        return timedOut;
    }

    void unblock() {
        blocked = false;
    }

    /// True the first time that a wait for this mbarrier and phase comes by, of several in a row.
    boolean first(long address, int phase) {
        long key = address << 20 ^ phase;
        boolean first = lastEmpty != key;
        lastEmpty = key;
        return first;
    }

    /// The block ends: what needed a wait and had none is reported, all else happens.
    void exit(BlockAsync home) {
        stores.forEach((store, _) -> {
            if (!store.sourceRead()) {
                home.unfinished(store.site(), -1, "its shared memory is still being read by a bulk store: wait with cp.async.bulk.wait_group(.read) first");
            }
            store.finish();
        });
    }

    String describe() {
        var text = new StringBuilder();
        if (!copies.isEmpty()) {
            text.append("cp.async: ").append(copies);
        }
        if (!stores.isEmpty()) {
            text.append(text.isEmpty() ? "" : "; ").append("bulk stores: ").append(stores);
        }
        return text.toString();
    }
}
