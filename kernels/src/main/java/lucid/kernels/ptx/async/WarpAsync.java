package lucid.kernels.ptx.async;

import lucid.kernels.ptx.async.work.BulkStore;
import lucid.kernels.ptx.async.work.Claims;
import lucid.kernels.ptx.async.work.CommitGroups;
import lucid.kernels.ptx.async.work.CopyAsync;
import lucid.kernels.ptx.async.work.Product;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.Flight;

/// What one warp has issued and not waited for.
final class WarpAsync {
    /// `cp.async`, per lane.
    final CommitGroups<CopyAsync> copies = new CommitGroups<>();
    /// Bulk copies that complete in groups, per lane.
    final CommitGroups<BulkStore> stores = new CommitGroups<>();
    /// A product and what this warp holds for it.
    ///
    /// @param reads its claim on shared memory, or null when an earlier one of the group has it
    private record Held(Product product, WgmmaSteps.Multiply step, Flight reads) {}

    /// `wgmma`, for the warp as a whole: lane 0 stands for it.
    private final CommitGroups<Held> products = new CommitGroups<>();
    private final Claims claimed = new Claims();
    final Accumulators accumulators = new Accumulators();
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

    // --- wgmma ---

    /// A product has been issued by the warpgroup.
    void issue(Warp warp, WgmmaSteps.Multiply step, Product product, Flight reads) {
        accumulators.issue(warp, step.d(), step.sources(), step.shape());
        products.add(new Held(product, step, reads), 1);
    }

    /// True when an earlier product of the open group has claimed the range; else it is claimed from now on.
    boolean claims(long range) {
        return !claimed.add(range);
    }

    void disclaim(long range) {
        claimed.remove(range);
    }

    void commitProducts() {
        products.commit(1);
        claimed.clear();
    }

    void awaitProducts(int keep) {
        products.await(1, keep, true, (held, _) -> {
            held.product.ensure();
            accumulators.release(held.step.d(), held.step.sources());
            if (held.reads != null) {
                held.reads.landed();
            }
        });
    }

    /// The block ends: what needed a wait and had none is reported, all else happens.
    void exit(BlockAsync home) {
        stores.forEach((store, _) -> {
            if (!store.sourceRead()) {
                home.unfinished(store.site(), -1, "its shared memory is still being read by a bulk store: wait with cp.async.bulk.wait_group(.read) "
                        + "first");
            }
            store.finish();
        });
        products.forEach((held, _) -> home.unfinished(held.product.site(), -1,
                "a wgmma of it was never waited for: wgmma.commit_group and wgmma.wait_group first"));
    }

    String describe() {
        var text = new StringBuilder();
        if (!copies.isEmpty()) {
            text.append("cp.async: ").append(copies);
        }
        if (!stores.isEmpty()) {
            text.append(text.isEmpty() ? "" : "; ").append("bulk stores: ").append(stores);
        }
        if (!products.isEmpty()) {
            text.append(text.isEmpty() ? "" : "; ").append("wgmma: ").append(products);
        }
        return text.toString();
    }
}
