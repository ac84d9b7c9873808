package lucid.kernels.ptx.async;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpAsyncTest {
    /// Thread t works on bytes 16 t of `in` (x0), shared memory (r0) and `out` (x1); r1 is the neighbour's shared address.
    private static final String SETUP = """
            mul.wide.u32 x2, tid, 16; add.u64 x0, in, x2; add.u64 x1, out, x2;
            mad.lo.u32 r0, tid, 16, base; xor.b32 r1, tid, 1; mad.lo.u32 r1, r1, 16, base;
            """;
    private static final String READ_NEIGHBOUR = "ld.shared.v4.u32 {r4, r5, r6, r7}, [r1]; st.global.v4.u32 [x1], {r4, r5, r6, r7};\n";
    private static final String READ_OWN = "ld.shared.v4.u32 {r4, r5, r6, r7}, [r0]; st.global.v4.u32 [x1], {r4, r5, r6, r7};\n";
    private static final String COPY = "cp.async.cg.shared.global [r0], [x0], 16;\n";

    private static AsyncKernel kernel(String body) {
        return new AsyncKernel(SETUP + body);
    }

    private static void same(byte[] wanted, int from, ByteBuffer found, int at, int bytes) {
        for (int i = 0; i < bytes; i++) {
            assertEquals(wanted[from + i], found.get(at + i), "byte " + (at + i));
        }
    }

    @ParameterizedTest
    @CsvSource({"ca, 4", "ca, 8", "ca, 16", "cg, 16", "ca.shared::cta, 8", "cg.L2::128B, 16", "ca.L2::64B, 4"})
    void copiesItsSize(String form, int size) {
        String level = form.replace(".shared::cta", "").replaceAll("\\.L2.*", "");
        String space = form.contains("::cta") ? "shared::cta" : "shared";
        String hint = form.contains("L2") ? form.substring(form.indexOf(".L2")) : "";
        ByteBuffer out = kernel("mov.u32 r8, 0; st.shared.v4.u32 [r0], {r8, r8, r8, r8};\n"
                + "cp.async." + level + "." + space + ".global" + hint + " [r0], [x0], " + size
                        + "; cp.async.commit_group; cp.async.wait_group 0; bar.sync 0;\n" + READ_NEIGHBOUR).clean();
        for (int t = 0; t < 32; t++) {
            same(AsyncKernel.iota(4096), 16 * (t ^ 1), out, 16 * t, size);
            same(new byte[16], 0, out, 16 * t + size, 16 - size);
        }
    }

    @Test
    void fillsWithZerosBehindTheSource() {
        // Lane t copies t % 17 bytes: every length from nothing to all.
        ByteBuffer out = kernel("rem.u32 r2, tid, 17; cp.async.cg.shared.global [r0], [x0], 16, r2; cp.async.wait_all;\n" + READ_OWN).clean();
        for (int t = 0; t < 32; t++) {
            same(AsyncKernel.iota(4096), 16 * t, out, 16 * t, t % 17);
            same(new byte[16], 0, out, 16 * t + t % 17, 16 - t % 17);
        }
    }

    @Test
    void ignoredSourcesReadNothing() {
        // Odd lanes point nowhere.
        ByteBuffer out = kernel("and.b32 r2, tid, 1; setp.ne.u32 p, r2, 0; @p mov.u64 x0, 0x10000000;\n"
                + "cp.async.ca.shared.global [r0], [x0], 16, p; cp.async.wait_all;\n" + READ_OWN).clean();
        same(AsyncKernel.iota(4096), 32, out, 32, 16);
        same(new byte[16], 0, out, 48, 16);
    }

    @Test
    void zeroSourceBytesNeedNoMemory() {
        kernel("mov.u64 x0, 0x10000000; cp.async.cg.shared.global [r0], [x0], 16, 0; cp.async.wait_all;\n" + READ_OWN).clean();
    }

    @Test
    void cachePolicyIsAnOperand() {
        kernel("createpolicy.fractional.L2::evict_first.b64 x3, 1.0; cp.async.cg.shared.global.L2::cache_hint.L2::128B [r0], [x0], 16, x3; "
                + "cp.async.wait_all;\n" + READ_OWN).clean();
    }

    @Test
    void readingWithoutAWait() {
        Finding finding = kernel(COPY + "cp.async.commit_group;\n" + READ_OWN).finds(Kind.MISSING_WAIT);
        assertTrue(finding.earlier().instruction().text().startsWith("cp.async.cg"), finding::toString);
    }

    @Test
    void aWaitThatLeavesTheGroupPending() {
        kernel(COPY + "cp.async.commit_group; cp.async.wait_group 1;\n" + READ_OWN).finds(Kind.MISSING_WAIT);
    }

    @Test
    void aCopyInNoGroup() {
        kernel(COPY + "cp.async.wait_group 0;\n" + READ_OWN).finds(Kind.MISSING_WAIT);
    }

    @Test
    void writingOverTheDestination() {
        kernel(COPY + "st.shared.u32 [r0], tid; cp.async.wait_all;\n").finds(Kind.MISSING_WAIT);
    }

    @Test
    void ownWaitIsNoBarrier() {
        kernel(COPY + "cp.async.wait_all;\n" + READ_NEIGHBOUR).finds(Kind.RACE);
    }

    @Test
    void overwritingWhatANeighbourReads() {
        kernel(COPY + "cp.async.wait_all; bar.sync 0;\n" + READ_NEIGHBOUR + COPY + "cp.async.wait_all;\n").finds(Kind.RACE);
    }

    @Test
    void misalignedAddresses() {
        assertTrue(kernel("add.u32 r0, r0, 8;" + COPY + "cp.async.wait_all;\n").finds(Kind.MISALIGNED).message().contains("shared"));
        assertTrue(kernel("add.u64 x0, x0, 4; cp.async.ca.shared.global [r0], [x0], 8; cp.async.wait_all;\n").finds(Kind.MISALIGNED).message()
                .contains("global"));
    }

    @Test
    void boundsOnBothSides() {
        kernel("add.u64 x0, x0, 4080;" + COPY + "cp.async.wait_all;\n").finds(Kind.OUT_OF_BOUNDS);
        kernel("add.u32 r0, r0, 99328;" + COPY + "cp.async.wait_all;\n").finds(Kind.OUT_OF_BOUNDS);
        kernel("add.u64 x0, x0, 3588; cp.async.ca.shared.global [r0], [x0], 4, 4; add.u64 x0, x0, 12; mov.u32 r2, 3; cp.async.ca.shared.global "
                + "[r0+4], [x0], 4, r2;"
                + "cp.async.wait_all;\n").finds(Kind.OUT_OF_BOUNDS);
    }

    @Test
    void sourceSizeOverTheSize() {
        kernel("mov.u32 r2, 17; cp.async.cg.shared.global [r0], [x0], 16, r2; cp.async.wait_all;\n").finds(Kind.ILLEGAL_OPERAND);
    }

    @Test
    void uninitialisedSources() {
        kernel("cp.async.cg.shared.global [r0], [x1], 16; cp.async.wait_all;\n").finds(Kind.UNINITIALISED_MEMORY);
    }

    private static final String INIT = "@leader mbarrier.init.shared::cta.b64 [bar], 32; bar.sync 0;\n";
    private static final String LOOP = "W: mbarrier.try_wait.parity.shared::cta.b64 done, [bar], 0; @!done bra W;\n";

    @Test
    void arrivalsOnAnMbarrier() {
        ByteBuffer out = kernel(INIT + COPY + "cp.async.mbarrier.arrive.noinc.shared::cta.b64 [bar];\n" + LOOP + READ_NEIGHBOUR).clean();
        same(AsyncKernel.iota(4096), 16, out, 0, 16);
    }

    @Test
    void arrivalsThatCountThemselves() {
        // Without .noinc the arrival adds its own count first: each thread arrives besides.
        kernel(INIT + COPY + "cp.async.mbarrier.arrive.shared.b64 [bar]; mbarrier.arrive.shared.b64 state, [bar];\n" + LOOP + READ_NEIGHBOUR).clean();
    }

    @Test
    void withoutTheirPhaseTheDataIsInFlight() {
        kernel(INIT + COPY + "cp.async.mbarrier.arrive.noinc.shared::cta.b64 [bar];\n" + READ_NEIGHBOUR).findsUnder(Timing.LATE, Kind.MISSING_WAIT);
        kernel(INIT + COPY + "cp.async.mbarrier.arrive.noinc.shared::cta.b64 [bar];\n" + READ_NEIGHBOUR).findsUnder(Timing.EARLY, Kind.RACE);
    }
}
