package lucid.kernels.ptx.async;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import lucid.kernels.ptx.async.AsyncKernel.Run;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.launch.Schedule;
import lucid.kernels.ptx.memory.GlobalMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BulkCopyTest {
    private static final String INIT = "@leader mbarrier.init.shared::cta.b64 [bar], 1; @leader fence.mbarrier_init.release.cluster; bar.sync 0;\n";
    private static final String AWAIT = "W: mbarrier.try_wait.parity.shared::cta.b64 done, [bar], 0; @!done bra W;\n";
    private static final String LOAD = "@leader cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [base], [in], 512, [bar];\n";
    private static final String EXPECT = "@leader mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 512;\n";
    /// Thread t passes 16 bytes on.
    private static final String PASS = "mad.lo.u32 r0, tid, 16, base; mad.wide.u32 x1, tid, 16, out; ld.shared.v4.u32 {r4, r5, r6, r7}, [r0]; "
            + "st.global.v4.u32 [x1], {r4, r5, r6, r7};\n";
    /// Thread t writes 16 bytes of shared memory: words 4 t .. 4 t + 3.
    private static final String FILL = "mad.lo.u32 r0, tid, 16, base; shl.b32 r4, tid, 2; add.u32 r5, r4, 1; add.u32 r6, r4, 2; add.u32 r7, r4, 3; "
            + "st.shared.v4.u32 [r0], {r4, r5, r6, r7};\n";
    private static final String FENCE = "fence.proxy.async.shared::cta; bar.sync 0;\n";
    private static final String STORE = "@leader cp.async.bulk.global.shared::cta.bulk_group [out], [base], 512; @leader "
            + "cp.async.bulk.commit_group;\n";
    private static final String DRAIN = "@leader cp.async.bulk.wait_group 0;\n";

    private static void isInput(ByteBuffer out, int bytes) {
        byte[] in = AsyncKernel.iota(4096);
        for (int i = 0; i < bytes; i++) {
            assertEquals(in[i], out.get(i), "byte " + i);
        }
    }

    @Test
    void loads() {
        isInput(new AsyncKernel(INIT + EXPECT + LOAD + AWAIT + PASS).clean(), 512);
    }

    @Test
    void bytesMayComeBeforeTheirExpectation() {
        isInput(new AsyncKernel(INIT + LOAD + EXPECT + AWAIT + PASS).clean(), 512);
    }

    @Test
    void readingBeforeThePhase() {
        Finding late = new AsyncKernel(INIT + EXPECT + LOAD + "bar.sync 0;\n" + PASS + AWAIT).finds(Kind.MISSING_WAIT);
        assertTrue(late.earlier().instruction().text().startsWith("cp.async.bulk"), late::toString);
    }

    @Test
    void onlyTheWaitingWarpKnows() {
        // Warp 1 reads without having waited; a barrier after warp 0's wait would do.
        String body = INIT + EXPECT + LOAD + "setp.ne.u32 p, warp, 0; @p bra SKIP;\n" + AWAIT
                + "SKIP: BAR mad.lo.u32 r0, lane, 16, base; mad.wide.u32 x1, tid, 4, out;"
                + "ld.shared.u32 r4, [r0]; st.global.u32 [x1], r4;\n";
        new AsyncKernel(body.replace("BAR", "")).threads(64).finds(Kind.MISSING_WAIT, Kind.RACE);
        new AsyncKernel(body.replace("BAR", "bar.sync 0;")).threads(64).clean();
    }

    @ParameterizedTest
    @CsvSource({"496", "528"})
    void wrongByteCounts(int bytes) {
        Finding finding = new AsyncKernel(INIT + EXPECT.replace("512", "" + bytes) + LOAD + AWAIT + PASS).finds(Kind.DEADLOCK);
        assertTrue(finding.message().contains("transaction count " + (bytes - 512)), finding::toString);
    }

    @Test
    void noByteCount() {
        new AsyncKernel(INIT + "@leader mbarrier.arrive.shared::cta.b64 _, [bar];\n" + LOAD + AWAIT + PASS).finds(Kind.MISSING_WAIT);
    }

    @Test
    void initialisationNeedsAFence() {
        new AsyncKernel(INIT.replace("@leader fence.mbarrier_init.release.cluster;", "") + EXPECT + LOAD + AWAIT + PASS).finds(Kind.MISSING_FENCE);
        new AsyncKernel(INIT.replace("fence.mbarrier_init.release.cluster", "fence.proxy.async") + EXPECT + LOAD + AWAIT + PASS).clean();
        new AsyncKernel(INIT.replace("@leader fence.mbarrier_init.release.cluster", "@!leader fence.mbarrier_init.release.cluster") + EXPECT + LOAD
                + AWAIT + PASS).finds(Kind.MISSING_FENCE);
    }

    @Test
    void operandsAreChecked() {
        new AsyncKernel(INIT + EXPECT + LOAD.replace("512,", "500,")).finds(Kind.ILLEGAL_OPERAND);
        new AsyncKernel(INIT + EXPECT + LOAD.replace("512,", "0,")).finds(Kind.ILLEGAL_OPERAND);
        new AsyncKernel(INIT + EXPECT + LOAD.replace("[base]", "[base+8]")).finds(Kind.MISALIGNED);
        new AsyncKernel(INIT + EXPECT + LOAD.replace("[in]", "[in+4]")).finds(Kind.MISALIGNED);
        new AsyncKernel(INIT + EXPECT + LOAD.replace("[in]", "[in+3600]")).finds(Kind.OUT_OF_BOUNDS);
        new AsyncKernel(INIT + EXPECT + LOAD.replace("[base]", "[base+99104]")).finds(Kind.OUT_OF_BOUNDS);
        new AsyncKernel(INIT + EXPECT + LOAD.replace("[base]", "[bar]")).finds(Kind.MBARRIER_MISUSE);
    }

    @Test
    void unfinishedLoads() {
        new AsyncKernel(INIT + EXPECT + LOAD).finds(Kind.UNFINISHED_ASYNC);
    }

    @Test
    void overwritingADestinationThatIsStillRead() {
        // The second load overwrites what other lanes have read without telling.
        String twice = INIT + EXPECT + LOAD + AWAIT + PASS.replace("tid, 16, base", "lane, 16, base") + "SYNC " + EXPECT + LOAD
                + AWAIT.replace("W", "V").replace("[bar], 0", "[bar], 1");
        new AsyncKernel(twice.replace("SYNC", "")).threads(64).finds(Kind.RACE);
        new AsyncKernel(twice.replace("SYNC", "bar.sync 0;")).threads(64).clean();
    }

    @Test
    void stores() {
        ByteBuffer out = new AsyncKernel(FILL + FENCE + STORE + DRAIN).clean();
        for (int i = 0; i < 128; i++) {
            assertEquals(i, out.getInt(4 * i));
        }
    }

    @Test
    void storesNeedTheWritersFence() {
        new AsyncKernel(FILL + "bar.sync 0;\n" + STORE + DRAIN).finds(Kind.MISSING_FENCE);
        new AsyncKernel(FILL + "bar.sync 0; @leader fence.proxy.async.shared::cta;\n" + STORE + DRAIN).finds(Kind.MISSING_FENCE);
        new AsyncKernel("fence.proxy.async.shared::cta;\n" + FILL + "bar.sync 0;\n" + STORE + DRAIN).finds(Kind.MISSING_FENCE);
    }

    @Test
    void storesNeedABarrier() {
        new AsyncKernel(FILL + "fence.proxy.async.shared::cta;\n" + STORE + DRAIN).finds(Kind.RACE);
    }

    @Test
    void reusingTheSource() {
        String again = "@leader st.shared.u32 [base], tid;\n";
        new AsyncKernel(FILL + FENCE + STORE + again + DRAIN).finds(Kind.MISSING_WAIT);
        new AsyncKernel(FILL + FENCE + STORE + "@leader cp.async.bulk.wait_group.read 0;\n" + again).clean();
        new AsyncKernel(FILL + FENCE + STORE + "@leader cp.async.bulk.wait_group.read 1;\n" + again + DRAIN).finds(Kind.MISSING_WAIT);
        // Another warp must hear of it.
        String other = "setp.eq.u32 p, tid, 32; @p st.shared.u32 [base], tid;\n";
        new AsyncKernel(FILL + FENCE + STORE + "@leader cp.async.bulk.wait_group.read 0;\n" + other).threads(64).finds(Kind.MISSING_WAIT, Kind.RACE);
        new AsyncKernel(FILL + FENCE + STORE + "@leader cp.async.bulk.wait_group.read 0; bar.sync 0;\n" + other).threads(64).clean();
    }

    @Test
    void readingTheDestination() {
        String read = "@leader ld.global.u32 r8, [out]; @leader st.global.u32 [out+1024], r8;\n";
        new AsyncKernel(FILL + FENCE + STORE + "@leader cp.async.bulk.wait_group.read 0;\n" + read + DRAIN).finds(Kind.MISSING_WAIT);
        assertEquals(0, new AsyncKernel(FILL + FENCE + STORE + DRAIN + read).clean().getInt(1024));
    }

    @Test
    void endingBeforeTheSourceIsRead() {
        new AsyncKernel(FILL + FENCE + STORE).finds(Kind.UNFINISHED_ASYNC);
        new AsyncKernel(FILL + FENCE + STORE + "@leader cp.async.bulk.wait_group.read 0;\n").clean();
    }

    @ParameterizedTest
    @CsvSource({"add.u32, 10", "min.s32, -1", "max.u32, 5", "inc.u32, 3", "add.f32, 1", "and.b32, 12", "xor.b32, 6"})
    void reductions(String form, int start) {
        boolean floating = form.endsWith("f32");
        var before = ByteBuffer.allocate(512).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 128; i++) {
            before.putInt(4 * i, floating ? Float.floatToRawIntBits(start) : start);
        }
        String fill = floating ? FILL.replace("st.shared.v4.u32 [r0], {r4, r5, r6, r7}",
                "cvt.rn.f32.u32 f4, r4; cvt.rn.f32.u32 f5, r5; cvt.rn.f32.u32 f6, r6; cvt.rn.f32.u32 f7, r7; "
                + "st.shared.v4.f32 [r0], {f4, f5, f6, f7}") : FILL;
        ByteBuffer out = new AsyncKernel(fill + FENCE + STORE.replace("cp.async.bulk.global", "cp.reduce.async.bulk.global")
                .replace("bulk_group", "bulk_group." + form) + DRAIN)
                .output(before.array()).clean();
        for (int i = 0; i < 128; i++) {
            int wanted = switch (form) {
                case "add.u32" -> start + i;
                case "min.s32" -> Math.min(start, i);
                case "max.u32" -> Math.max(start, i);
                case "inc.u32" -> start >= i ? 0 : start + 1;
                case "add.f32" -> Float.floatToRawIntBits((float) (start + i));
                case "and.b32" -> start & i;
                default -> start ^ i;
            };
            assertEquals(wanted, out.getInt(4 * i), form + " " + i);
        }
    }

    @Test
    void remoteSharedMemory() {
        // Every block sends its words to the other one and hands out what it got.
        String exchange = INIT + FILL + "mad.lo.u32 r4, rank, 1000, r4; st.shared.u32 [r0], r4; fence.proxy.async.shared::cta; @leader "
                + "mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 512;\n"
                + "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; xor.b32 r1, rank, 1; add.u32 r2, base, 1024; "
                        + "mapa.shared::cluster.u32 r2, r2, r1; mapa.shared::cluster.u32 r3, bar, r1;\n"
                + "@leader cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [r2], [base], 512, [r3];\n" + AWAIT
                + "ld.shared.u32 r5, [r0+1024]; mad.lo.u32 r6, rank, 32, tid; mad.wide.u32 x1, r6, 4, out; st.global.u32 [x1], "
                        + "r5;\nbarrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n";
        ByteBuffer out = new AsyncKernel(exchange).cluster(2).clean();
        for (int t = 0; t < 32; t++) {
            assertEquals(1000 + 4 * t, out.getInt(4 * t));
            assertEquals(4 * t, out.getInt(4 * (32 + t)));
        }
        new AsyncKernel(exchange.replace("[base], 512, [r3]", "[base], 512, [bar]")).cluster(2).finds(Kind.MBARRIER_MISUSE);
    }

    @Test
    void remoteReduction() {
        String add = INIT + FILL + "mov.u32 r8, 7; st.shared.v4.u32 [r0+1024], {r8, r8, r8, r8}; fence.proxy.async.shared::cta; @leader "
                + "mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 512;\n"
                + "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; xor.b32 r1, rank, 1; add.u32 r2, base, 1024; "
                        + "mapa.shared::cluster.u32 r2, r2, r1; mapa.shared::cluster.u32 r3, bar, r1;\n"
                + "@leader cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.add.u32 [r2], [base], 512, [r3];\n" + AWAIT
                + "ld.shared.u32 r5, [r0+1024]; mad.lo.u32 r6, rank, 32, tid; mad.wide.u32 x1, r6, 4, out; st.global.u32 [x1], "
                        + "r5;\nbarrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n";
        ByteBuffer out = new AsyncKernel(add).cluster(2).clean();
        for (int t = 0; t < 32; t++) {
            assertEquals(7 + 4 * t, out.getInt(4 * t));
        }
    }

    @Test
    void multicast() {
        // Rank 0 sends 512 bytes to both blocks; each waits on its own barrier.
        String body = INIT + EXPECT + "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; mov.b16 h0, 3; setp.eq.and.u32 p, rank, 0, "
                + "leader;\n"
                + "@p cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [base], [in], 512, [bar], h0;\n" + AWAIT
                + "mad.lo.u32 r0, tid, 16, base; ld.shared.u32 r5, [r0]; mad.lo.u32 r6, rank, 32, tid; mad.wide.u32 x1, r6, 4, out; st.global.u32 "
                        + "[x1], r5;\n"
                + "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n";
        ByteBuffer out = new AsyncKernel(body).cluster(2).clean();
        var in = ByteBuffer.wrap(AsyncKernel.iota(4096)).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (int t = 0; t < 64; t++) {
            assertEquals(in.getInt(16 * (t & 31)), out.getInt(4 * t));
        }
        new AsyncKernel(body.replace("h0, 3", "h0, 2")).cluster(2).finds(Kind.DEADLOCK);
        new AsyncKernel(body.replace("h0, 3", "h0, 5")).cluster(2).finds(Kind.ILLEGAL_OPERAND);
        new AsyncKernel(body.replace("barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; mov", "mov")).cluster(2)
                .finds(Kind.MBARRIER_MISUSE);
    }

    @Test
    void prefetchesOnlyCheckTheirOperands() {
        new AsyncKernel("@leader cp.async.bulk.prefetch.L2.global [in], 512;\n").clean();
        new AsyncKernel("@leader cp.async.bulk.prefetch.L2.global [in], 8;\n").finds(Kind.ILLEGAL_OPERAND);
    }

    @Test
    void aStoppedLaunchLeavesNothingInFlight() {
        var memory = new GlobalMemory(5);
        Run stopped = new AsyncKernel(INIT + FILL + FENCE + STORE + AWAIT).run(Timing.LATE, Schedule.ROUND_ROBIN, memory);
        assertTrue(stopped.has(Kind.DEADLOCK));
        Run next = new AsyncKernel("mad.wide.u32 x1, tid, 4, out; st.global.u32 [x1], tid;\n").run(Timing.LATE, Schedule.ROUND_ROBIN, memory);
        assertEquals(List.of(), next.findings());
    }
}
