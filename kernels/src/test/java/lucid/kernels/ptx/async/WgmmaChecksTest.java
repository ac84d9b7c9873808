package lucid.kernels.ptx.async;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import org.junit.jupiter.api.Test;

class WgmmaChecksTest {
    private static final WgmmaKernel.Layout K128 = new WgmmaKernel.Layout(128, false, 2);

    private static WgmmaKernel kernel() {
        return new WgmmaKernel(8, 16, "f32.bf16.bf16", 4).left(K128, (_, _) -> 0x3f80).right(K128, (_, _) -> 0x3f80);
    }

    @Test
    void readingAccumulatorsBeforeTheWait() {
        WgmmaKernel kernel = kernel();
        kernel.wait = "";
        kernel.after = "mov.f32 f0, c1; wgmma.wait_group.sync.aligned 0;\n";
        Finding finding = kernel.kernel().finds(Kind.BUSY_REGISTER);
        assertTrue(finding.at().instruction().text().contains("c1"), finding::toString);
        assertTrue(finding.earlier().instruction().text().startsWith("wgmma.mma_async"), finding::toString);
    }

    @Test
    void writingAccumulatorsBeforeTheWait() {
        WgmmaKernel kernel = kernel();
        kernel.wait = "";
        kernel.after = "mov.f32 c3, 0f00000000; wgmma.wait_group.sync.aligned 0;\n";
        kernel.kernel().finds(Kind.BUSY_REGISTER);
    }

    @Test
    void writingAFragmentBeforeTheWait() {
        WgmmaKernel kernel = kernel();
        kernel.left = "{a0, a1, a2, a3}";
        kernel.flags = ", 1, 1, 0";
        kernel.fragment = "mov.b32 a0, 0; mov.b32 a1, 0; mov.b32 a2, 0; mov.b32 a3, 0;\n";
        kernel.kernel().clean();
        kernel.wait = "mov.b32 a2, 1; wgmma.wait_group.sync.aligned 0;\n";
        kernel.kernel().finds(Kind.BUSY_REGISTER);
    }

    @Test
    void waitsThatDoNotCover() {
        WgmmaKernel kernel = kernel();
        kernel.wait = "wgmma.wait_group.sync.aligned 1;\n";
        kernel.kernel().finds(Kind.BUSY_REGISTER);
        kernel = kernel();
        kernel.commit = "";
        kernel.kernel().finds(Kind.BUSY_REGISTER);
    }

    @Test
    void missingFences() {
        WgmmaKernel kernel = kernel();
        kernel.fence = "";
        kernel.kernel().finds(Kind.MISSING_FENCE);
        kernel = kernel();
        kernel.fence = "wgmma.fence.sync.aligned; mov.f32 c0, 0f3f800000;\n";
        kernel.kernel().finds(Kind.MISSING_FENCE);
        // After an ordinary access to an accumulator the next product needs one again.
        kernel = kernel();
        kernel.after = "add.rn.f32 c0, c0, c1;\n" + kernel.product() + kernel.commit + kernel.wait;
        kernel.kernel().finds(Kind.MISSING_FENCE);
        kernel.after = "add.rn.f32 c0, c0, c1; wgmma.fence.sync.aligned;\n" + kernel.product() + kernel.commit + kernel.wait;
        kernel.kernel().clean();
        // None is needed between products of one shape.
        kernel.after = kernel.product() + kernel.commit + kernel.wait;
        kernel.kernel().clean();
    }

    @Test
    void operandsWrittenWithoutTheProxyFence() {
        WgmmaKernel kernel = kernel();
        kernel.proxy = "";
        kernel.kernel().finds(Kind.MISSING_FENCE);
    }

    @Test
    void operandsWrittenWithoutABarrier() {
        WgmmaKernel kernel = kernel();
        kernel.barrier = "";
        kernel.kernel().finds(Kind.RACE, Kind.UNINITIALISED_MEMORY);
    }

    @Test
    void overwritingOperandsThatAreStillRead() {
        WgmmaKernel kernel = kernel();
        String overwrite = "mad.lo.u32 r1, tid, 16, base; st.shared.u32 [r1], tid;\n";
        kernel.wait = overwrite + kernel.wait;
        kernel.kernel().finds(Kind.MISSING_WAIT, Kind.RACE);
        // Every warp waits, but nobody tells the others.
        kernel = kernel();
        kernel.after = overwrite;
        kernel.kernel().finds(Kind.RACE, Kind.MISSING_WAIT);
        kernel.after = "bar.sync 0;\n" + overwrite;
        kernel.kernel().clean();
    }

    @Test
    void anOverwriteOfOtherBytesIsFine() {
        WgmmaKernel kernel = kernel();
        kernel.wait = "mad.lo.u32 r1, tid, 16, base; st.shared.u32 [r1+65536], tid;\n" + kernel.wait;
        kernel.kernel().clean();
    }

    @Test
    void uninitialisedOperands() {
        WgmmaKernel kernel = kernel();
        kernel.before = "add.u64 db, db, 4096;\n";
        kernel.kernel().finds(Kind.UNINITIALISED_MEMORY);
    }

    @Test
    void operandsOutsideOfSharedMemory() {
        WgmmaKernel kernel = kernel();
        kernel.before = "add.u64 db, db, 8192;\n";
        kernel.kernel().finds(Kind.OUT_OF_BOUNDS, Kind.ILLEGAL_OPERAND);
    }

    @Test
    void descriptorsMustAgree() {
        WgmmaKernel kernel = kernel();
        kernel.before = "setp.eq.u32 p, warp, 2; @p add.u64 da, da, 2;\n";
        kernel.kernel().finds(Kind.DIVERGENT_COLLECTIVE);
        kernel.before = "setp.eq.u32 p, lane, 2; @p add.u64 db, db, 2;\n";
        kernel.kernel().finds(Kind.DIVERGENT_COLLECTIVE);
    }

    @Test
    void allFourWarpsMustCome() {
        WgmmaKernel kernel = kernel();
        kernel.before = "setp.eq.u32 p, warp, 3; @p exit;\n";
        Finding finding = kernel.kernel().finds(Kind.DEADLOCK);
        assertTrue(finding.message().contains("warps 3 of the warpgroup"), finding::toString);
        kernel().kernel().threads(96).finds(Kind.DIVERGENT_COLLECTIVE);
    }

    @Test
    void lanesMustBeTogether() {
        WgmmaKernel kernel = kernel();
        kernel.before = "setp.eq.u32 p, lane, 3; @p bra SKIP;\n";
        kernel.after = "SKIP:\n";
        kernel.kernel().finds(Kind.DIVERGENT_COLLECTIVE);
    }

    @Test
    void malformedDescriptors() {
        WgmmaKernel kernel = kernel();
        kernel.before = "or.b64 db, db, 0x4000;\n";
        kernel.kernel().finds(Kind.ILLEGAL_OPERAND);
        kernel.before = "add.u64 db, db, 32;\n";
        kernel.kernel().finds(Kind.ILLEGAL_OPERAND);
    }

    @Test
    void productsNobodyWaitsFor() {
        WgmmaKernel kernel = kernel();
        kernel.after = "wgmma.fence.sync.aligned;\n" + kernel.product() + "ret;\n";
        kernel.kernel().finds(Kind.UNFINISHED_ASYNC);
    }

    @Test
    void formsThatHopperDoesNotHave() {
        for (String[] change : new String[][] {{"m64n8k16", "m64n12k16"}, {"m64n8k16", "m64n8k8"}, {"f32.bf16.bf16", "f32.bf16.f16"},
                {"f32.bf16.bf16", "f16.bf16.bf16"},
                {", 1, 1, 0, 0;", ", 1, 2, 0, 0;"}, {", 1, 1, 0, 0;", ", 1, 1, 0, 2;"}, {", 1, 1, 0, 0;", ", 1, 1;"},
                        {"mma_async.sync", "mma_async.sp.sync"}}) {
            String text = kernel().kernel().text();
            assertTrue(text.contains(change[0]), change[0]);
            String message = assertThrows(PtxSyntaxException.class,
                    () -> lucid.kernels.ptx.Launch.of(lucid.kernels.ptx.text.PtxModule.parse("k.ptx", text.replace(change[0], change[1])), null)
                    .block(128, 1, 1).shared(98304 + 1024).argument("pin", 0).argument("pout", 0).argument("pmap", new byte[128]).run(), change[1])
                            .getMessage();
            assertTrue(message.startsWith("k.ptx:"), message);
        }
    }
}
