package lucid.kernels.ptx.async;

import lucid.kernels.ptx.async.region.BulkReduce;
import lucid.kernels.ptx.async.region.Reduction;
import lucid.kernels.ptx.async.region.Region;
import lucid.kernels.ptx.async.work.BulkStore;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.Flight;
import lucid.kernels.ptx.memory.SharedMemory;
import lucid.kernels.ptx.memory.order.Snapshot;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;

/// `cp.async.bulk` and `cp.reduce.async.bulk` on plain ranges, and bulk groups; tensors are in [TensorSteps]
/// (PTX ISA, "Data Movement and Conversion Instructions: cp.async.bulk").
final class BulkSteps {
    private BulkSteps() {}

    /// After `cp.async.bulk`.
    static Step decode(Form form) {
        if (form.take("commit_group")) {
            return commit(form);
        }
        if (form.take("wait_group")) {
            return waitGroup(form);
        }
        if (form.take("tensor")) {
            return TensorSteps.copy(form);
        }
        if (form.take("prefetch")) {
            return form.take("tensor") ? TensorSteps.prefetch(form) : prefetch(form);
        }
        return switch (form.oneOf("shared::cluster", "global")) {
            case "shared::cluster" -> load(form, form.oneOf("global", "shared::cta"));
            default -> store(form);
        };
    }

    /// After `cp.reduce.async.bulk`.
    static Step reduce(Form form) {
        if (form.take("tensor")) {
            return TensorSteps.reduce(form);
        }
        if (form.take("shared::cluster")) {
            form.oneOf("shared::cta");
            return reduceRemote(form);
        }
        form.oneOf("global");
        return store(form);
    }

    private static Step commit(Form form) {
        form.end(0);
        return (warp, mask) -> {
            BlockAsync.stateOf(warp).stores.commit(mask);
            BlockAsync.of(warp).draw();
            return Step.NEXT;
        };
    }

    private static Step waitGroup(Form form) {
        boolean read = form.take("read");
        int keep = CopySteps.groups(form);
        return (warp, mask) -> {
            BlockAsync.of(warp).draw();
            var stores = BlockAsync.stateOf(warp).stores;
            stores.await(mask, keep, !read, read ? BulkStore::awaitRead : BulkStore::await);
            return Step.NEXT;
        };
    }

    /// `cp.async.bulk.prefetch.L2.global{.L2::cache_hint} [src], size{, policy}`: no effect but the checks of its operands.
    private static Step prefetch(Form form) {
        form.oneOf("L2");
        form.oneOf("global");
        int hint = hint(form);
        form.end(2 + hint);
        Location source = Location.of(form.at(), form.context(), 0, Space.GLOBAL);
        int size = form.word(1, PtxType.U32);
        policy(form, hint, 2);
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                legal(warp, lane, warp.words[size + lane], source.at(warp, lane), 0);
            }
            return Step.NEXT;
        };
    }

    static int hint(Form form) {
        return form.take("L2::cache_hint") ? 1 : 0;
    }

    static void policy(Form form, int hint, int operand) {
        if (hint != 0) {
            form.wide(operand, PtxType.B64);
        }
    }

    /// `.shared::cluster.{global|shared::cta}.mbarrier::complete_tx::bytes{.multicast::cluster}{.L2::cache_hint} [dst], [src], size, [mbar]{,
    /// ctaMask}{, policy}`.
    private static Step load(Form form, String from) {
        form.oneOf("mbarrier::complete_tx::bytes");
        boolean global = from.equals("global");
        boolean multicast = global && form.take("multicast::cluster");
        int hint = global ? hint(form) : 0;
        form.end(4 + (multicast ? 1 : 0) + hint);
        Location target = Location.of(form.at(), form.context(), 0, Space.SHARED_CLUSTER);
        Location source = Location.of(form.at(), form.context(), 1, global ? Space.GLOBAL : Space.SHARED_CTA);
        int size = form.word(2, PtxType.U32);
        Location mbarrier = Location.of(form.at(), form.context(), 3, Space.SHARED_CLUSTER);
        int ranks = multicast ? form.word(4, PtxType.U16) : -1;
        policy(form, hint, multicast ? 5 : 4);
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                int bytes = warp.words[size + lane];
                long to = target.at(warp, lane);
                long at = source.at(warp, lane);
                if (legal(warp, lane, bytes, at, to)) {
                    var memory = global ? warp.block.memory.global() : warp.block.memory.shared();
                    load(warp, lane, new Region.Linear(memory, at, bytes), to, mbarrier.at(warp, lane),
                            ranks < 0 ? 0 : warp.words[ranks + lane] | 1 << 16,
                            (shared, address) -> new Region.Linear(shared, address, bytes));
                }
            }
            return Step.NEXT;
        };
    }

    /// Sizes are multiples of 16 and so are both addresses; false after a finding.
    private static boolean legal(Warp warp, int lane, int bytes, long from, long to) {
        if (bytes <= 0 || (bytes & 15) != 0) {
            warp.finding(Kind.ILLEGAL_OPERAND, lane, from, bytes, "size " + Integer.toUnsignedString(bytes)
                    + " of a bulk copy is not a positive multiple of 16", null);
            return false;
        }
        if ((from & 15) != 0 || (to & 15) != 0) {
            boolean source = (from & 15) != 0;
            warp.finding(Kind.MISALIGNED, lane, source ? from : to, bytes, (source ? "source" : "destination")
                    + " of a bulk copy is not at a multiple of 16", null);
            return false;
        }
        return true;
    }

    /// Where a load puts its bytes.
    @FunctionalInterface
    interface Target {
        Region in(SharedMemory shared, long address);
    }

    /// Issues a load, or one per rank of a multicast.
    ///
    /// @param ranks mask of a multicast with bit 16 set, or 0 for none
    static void load(Warp warp, int lane, Region from, long to, long mbarrier, int ranks, Target target) {
        Snapshot past = warp.clock().release();
        if (ranks == 0) {
            count(warp, from, loadOne(warp, lane, from, to, mbarrier, past, target));
            return;
        }
        if ((ranks & 0xffff) == 0 || (ranks & 0xffff) >>> warp.block.cluster.blockCount() != 0) {
            warp.finding(Kind.ILLEGAL_OPERAND, lane, to, ranks & 0xffff, "multicast mask 0x" + Integer.toHexString(ranks & 0xffff) + " names "
                    + ((ranks & 0xffff) == 0 ? "no block" : "ranks beyond the cluster's " + warp.block.cluster.blockCount() + " blocks"), null);
        }
        boolean any = false;
        for (int rank = 0; rank < warp.block.cluster.blockCount(); rank++) {
            if ((ranks >>> rank & 1) != 0) {
                any |= loadOne(warp, lane, from, SharedMemory.map(to, rank), SharedMemory.map(mbarrier, rank), past, target);
            }
        }
        count(warp, from, any);
    }

    /// Counts a request and its source: a multicast reads once for all.
    private static void count(Warp warp, Region from, boolean issued) {
        if (issued) {
            warp.traffic().request(warp.instruction().index());
            from.count(warp);
        }
    }

    /// True when it has been issued.
    private static boolean loadOne(Warp warp, int lane, Region from, long to, long mbarrier, Snapshot past, Target target) {
        Mbarrier signal = BlockAsync.find(warp, lane, mbarrier);
        SharedMemory shared = warp.block.memory.shared().ofRank(SharedMemory.rankOf(to));
        if (signal == null) {
            return false;
        }
        if (SharedMemory.rankOf(mbarrier) != SharedMemory.rankOf(to) || shared == null) {
            warp.finding(Kind.MBARRIER_MISUSE, lane, mbarrier, to, "the mbarrier of a bulk copy must lie in the block that its destination lies in: "
                    + "rank "
                    + SharedMemory.rankOf(to) + ", found rank " + SharedMemory.rankOf(mbarrier), signal.made);
            return false;
        }
        if (!signal.proxyVisible()) {
            warp.finding(Kind.MISSING_FENCE, lane, mbarrier, 0, "a bulk copy signals an mbarrier whose initialisation the async proxy may not see: "
                    + "the initialising thread needs"
                    + " fence.mbarrier_init.release.cluster (or fence.proxy.async) after mbarrier.init, before the barrier that follows",
                            signal.made);
        }
        Region region = target.in(shared, to);
        Mbarrier hit = BlockAsync.of(warp).peer(SharedMemory.rankOf(to)).within(to, region.bytes());
        if (hit != null) {
            warp.finding(Kind.MBARRIER_MISUSE, lane, hit.address, 0, "a bulk copy of " + region.bytes() + " bytes to 0x" + Long.toHexString(to)
                    + " overwrites a live mbarrier", hit.made);
        }
        Flight flight = Flight.begin(warp, lane, Flight.Kind.BULK, "a bulk copy");
        if (!(from.claim(flight, false) & region.claim(flight, true))) {
            flight.landed();
            return false;
        }
        region.count(warp);
        new BulkLoad(warp, from, region, flight, signal, past).issue();
        return true;
    }

    /// `.global.shared::cta.bulk_group{.L2::cache_hint}{.redOp.type} [dst], [src], size{, policy}`.
    private static Step store(Form form) {
        form.oneOf("shared::cta");
        form.oneOf("bulk_group");
        int hint = hint(form);
        Reduction reduction = form.at().has("reduce") ? reduction(form) : null;
        form.end(3 + hint);
        Location target = Location.of(form.at(), form.context(), 0, Space.GLOBAL);
        Location source = Location.of(form.at(), form.context(), 1, Space.SHARED_CTA);
        int size = form.word(2, PtxType.U32);
        policy(form, hint, 3);
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                int bytes = warp.words[size + lane];
                long from = source.at(warp, lane);
                long to = target.at(warp, lane);
                if (legal(warp, lane, bytes, from, to)) {
                    store(warp, lane, new Region.Linear(warp.block.memory.shared(), from, bytes),
                            new Region.Linear(warp.block.memory.global(), to, bytes), reduction);
                }
            }
            return Step.NEXT;
        };
    }

    /// `.redOp{.noftz}.type`.
    private static Reduction reduction(Form form) {
        String op = form.oneOf(Reduction.OPS.toArray(String[]::new));
        boolean noftz = form.take("noftz");
        var reduction = new Reduction(op, form.type());
        boolean half = reduction.type().bits() == 16;
        if (!reduction.legal() || noftz != (half && op.equals("add"))) {
            throw form.unknown();
        }
        return reduction;
    }

    /// Issues a store or a reduction.
    static void store(Warp warp, int lane, Region from, Region to, Reduction reduction) {
        Flight flight = Flight.begin(warp, lane, Flight.Kind.BULK, reduction == null ? "a bulk store" : "a bulk reduction");
        boolean good = from.claim(flight, false);
        if (reduction == null) {
            good &= to.claim(flight, true);
        }
        if (!good) {
            flight.landed();
            return;
        }
        count(warp, from, true);
        to.count(warp);
        var store = new BulkStore(warp, from, to, reduction == null ? null : new BulkReduce(warp, reduction), flight);
        BlockAsync.stateOf(warp).stores.add(store, 1 << lane);
        BlockAsync.of(warp).issued(store);
    }

    /// `cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.redOp.type [dst], [src], size, [mbar]`.
    private static Step reduceRemote(Form form) {
        form.oneOf("mbarrier::complete_tx::bytes");
        Reduction reduction = reduction(form);
        if (reduction.type().floating() || reduction.type() == PtxType.S64 || reduction.type() == PtxType.U64 && !reduction.op().equals("add")) {
            throw form.unknown();
        }
        form.end(4);
        Location target = Location.of(form.at(), form.context(), 0, Space.SHARED_CLUSTER);
        Location source = Location.of(form.at(), form.context(), 1, Space.SHARED_CTA);
        int size = form.word(2, PtxType.U32);
        Location mbarrier = Location.of(form.at(), form.context(), 3, Space.SHARED_CLUSTER);
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                int bytes = warp.words[size + lane];
                long to = target.at(warp, lane);
                long from = source.at(warp, lane);
                Mbarrier signal = legal(warp, lane, bytes, from, to) ? BlockAsync.find(warp, lane, mbarrier.at(warp, lane)) : null;
                SharedMemory shared = warp.block.memory.shared();
                if (signal != null) {
                    RemoteReduce.issue(warp, lane, new Region.Linear(shared, from, bytes), new Region.Linear(shared, to, bytes), reduction, signal);
                }
            }
            return Step.NEXT;
        };
    }
}
