package lucid.kernels.ptx.async;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.memory.Traffic;
import lucid.kernels.ptx.tensor.form.Swizzle;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Space;
import org.junit.jupiter.api.Test;

/// What copies move counts at both ends, for the instruction that issued them, whenever they happen.
class CopyTrafficTest {
    private static final String INIT = "@leader mbarrier.init.shared::cta.b64 [bar], 1; @leader fence.mbarrier_init.release.cluster; bar.sync 0;\n";
    private static final String AWAIT = "W: mbarrier.try_wait.parity.shared::cta.b64 done, [bar], 0; @!done bra W;\n";
    private static final String CLUSTER = "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n";
    /// Thread t writes 16 bytes of shared memory, for the async proxy.
    private static final String FILL = "mad.lo.u32 r0, tid, 16, base; mov.u32 r4, 1; st.shared.v4.u32 [r0], {r4, r4, r4, r4}; "
            + "fence.proxy.async.shared::cta; bar.sync 0;\n";
    private static final String DRAIN = "@leader cp.async.bulk.commit_group; @leader cp.async.bulk.wait_group 0;\n";

    private static String expect(int bytes) {
        return "@leader mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], " + bytes + ";\n";
    }

    /// Every run, of whatever timing and schedule, counts this for its copies and nothing for what waits for them.
    private static void counts(AsyncKernel kernel, Traffic.Counts wanted) {
        for (AsyncKernel.Run run : kernel.runs()) {
            assertEquals(List.of(), run.findings(), () -> run.timing() + " " + run.schedule());
            Map<Space, Long> others = new HashMap<>();
            for (Instruction at : run.report().entry().instructions()) {
                Traffic.Counts counts = run.report().counters().traffic.at(at.index());
                boolean waits = at.has("try_wait") || at.has("wait_group") || at.has("wait_all");
                if (at.opcode().equals("cp") && !waits && !at.has("commit_group")) {
                    assertEquals(wanted, counts, () -> at.text() + " under " + run.timing() + " " + run.schedule());
                } else if (waits) {
                    assertEquals(0, counts.bytes(), at::text);
                }
                others.merge(Space.SHARED, counts.sharedBytes(), Long::sum);
                others.merge(Space.GLOBAL, counts.globalBytes(), Long::sum);
            }
            others.values().removeIf(bytes -> bytes == 0);
            assertEquals(others, run.report().profile().bytes());
        }
    }

    @Test
    void bulkLoads() {
        counts(new AsyncKernel(INIT + expect(512) + "@leader cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [base], [in], 512, "
                + "[bar];\n" + AWAIT),
                new Traffic.Counts(1, 4, 4, 16, 16, 512, 512));
    }

    @Test
    void unalignedSectors() {
        // 32 bytes from byte 16 on lie in two sectors.
        counts(new AsyncKernel(INIT + expect(32) + "add.u64 x1, in, 16; @leader cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
                + "[base], [x1], 32, [bar];\n" + AWAIT),
                new Traffic.Counts(1, 1, 1, 2, 1, 32, 32));
    }

    @Test
    void bulkStoresAndReductions() {
        counts(new AsyncKernel(FILL + "@leader cp.async.bulk.global.shared::cta.bulk_group [out], [base], 512;\n" + DRAIN),
                new Traffic.Counts(1, 4, 4, 16, 16, 512, 512));
        counts(new AsyncKernel(FILL + "@leader cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [out], [base], 512;\n" + DRAIN)
                .output(new byte[512]),
                new Traffic.Counts(1, 4, 4, 16, 16, 512, 512));
    }

    /// Both ends are shared memory.
    @Test
    void reductionsIntoSharedMemory() {
        String zero = "mad.lo.u32 r1, tid, 16, base; add.u32 r1, r1, 512; mov.u32 r4, 0; st.shared.v4.u32 [r1], {r4, r4, r4, r4};\n";
        counts(new AsyncKernel(INIT + zero + FILL + expect(512) + "add.u32 r2, base, 512;\n"
                + "@leader cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.add.u32 [r2], [base], 512, [bar];\n"
                        + AWAIT),
                new Traffic.Counts(1, 8, 8, 0, 0, 1024, 0));
    }

    /// One request reads once and fills two blocks.
    @Test
    void multicasts() {
        counts(new AsyncKernel(INIT + expect(512) + CLUSTER + "mov.b16 h0, 3; setp.eq.and.u32 p, rank, 0, leader;\n"
                + "@p cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [base], [in], 512, [bar], h0;\n" + AWAIT
                        + CLUSTER).cluster(2),
                new Traffic.Counts(1, 8, 8, 16, 16, 1024, 512));
    }

    /// A box of 8 x 2 words, of which 4 x 1 lie inside of the tensor.
    @Test
    void tensorCopiesAtAnEdge() {
        counts(new AsyncKernel(INIT + expect(64) + "@leader cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
                + "[base], [map, {5, 2}], [bar];\n" + AWAIT)
                .map(address -> new TensorMap(TensorMap.Type.U32, address, new long[] {9, 3}, new long[] {48}, new int[] {8, 2},
                        Swizzle.NONE, false)),
                new Traffic.Counts(1, 1, 1, 2, 1, 64, 16));
    }

    @Test
    void copiesOfLanes() {
        String setup = "mad.lo.u32 r0, tid, 16, base; mad.wide.u32 x0, tid, 16, in;\n";
        counts(new AsyncKernel(setup + "cp.async.cg.shared.global [r0], [x0], 16; cp.async.wait_all;\n"),
                new Traffic.Counts(1, 4, 4, 16, 16, 512, 512));
        // Of each lane's 16 bytes only 4 come from memory: a sector for each of them, request by request.
        counts(new AsyncKernel(setup + "mov.u32 r2, 4; cp.async.cg.shared.global [r0], [x0], 16, r2; cp.async.wait_all;\n"),
                new Traffic.Counts(1, 4, 4, 32, 32, 512, 128));
    }
}
