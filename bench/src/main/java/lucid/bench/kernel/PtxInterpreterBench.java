package lucid.bench.kernel;

import lucid.bench.probe.Limit;
import lucid.kernels.ptx.Launch;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.text.PtxModule;
import org.openjdk.jmh.annotations.Benchmark;

/// The PTX emulator with all its checks, decoding included. Each call of the first three runs 64 blocks of 128 threads, of `tiled` and `gemm`
/// ([PtxGemm]) 64 and 16 blocks of 256, and about a million warp-instructions, so that a call's **milliseconds are nanoseconds per checked
/// warp-instruction** (times the threads). Beside them the rates of emulated tensor cores, in GFLOP/s.
///
/// `scalingElementwise`, `scalingShared` and `scalingWgmma` run many blocks on two threads of the emulator, whatever `--threads` says, and their peer
/// `single` the same on one: **"Lucid / best peer" is how many times faster two threads are**.
///
/// The limit is the FMA peak of the machine that emulates.
public class PtxInterpreterBench extends KernelBench {
    private static final int BLOCKS = 64;
    private static final int THREADS_PER_BLOCK = 128;
    private static final int WGMMA_BLOCKS = 4;
    /// So many that the last one, which one thread waits for, counts little.
    private static final int MANY_BLOCKS = 256;
    private static final int MANY_WGMMA_BLOCKS = 32;
    private static final long MILLION = 1_000_000;
    /// Rows and columns of `tiled` and `gemm`, and the inner dimension of each.
    private static final int TILED = 128;
    private static final int TILED_DEPTH = 512;
    private static final int GEMM = 256;
    private static final int GEMM_DEPTH = 416;
    private PtxModule elementwise;
    private PtxModule shared;
    private PtxModule shuffles;
    private PtxModule mma;
    private PtxModule wgmma;
    private PtxModule tiled;
    private PtxModule gemm;
    private GlobalMemory memory;
    private long x;
    private long out;
    private long a;
    private long b;
    private long c;
    private double flops;

    @Override void prepare() {
        elementwise = module("elementwise", "sm_80", """
                LOOP: and.b32 t, i, 15; mul.wide.u32 off, t, 512; add.u64 p, px, off; ld.global.f32 f0, [p]; ld.global.f32 f1, [p+65536];
                fma.rn.f32 f2, f0, f1, f0; mul.rn.f32 f3, f2, f1; max.f32 f2, f3, f0; add.rn.f32 f2, f2, f3;
                add.u64 p, po, off; st.global.f32 [p], f2; add.u32 i, i, 1; setp.lt.u32 q, i, 279; @q bra LOOP;
                ret;""");
        shared = module("shared", "sm_80", """
                mov.u32 sa, tile; mad.lo.u32 sb, tid, 4, sa; xor.b32 t, tid, 5; mad.lo.u32 sa, t, 4, sa; ld.global.f32 f0, [px]; mov.f32 f2, f0;
                LOOP: st.shared.f32 [sb], f2; bar.sync 0; ld.shared.f32 f1, [sa]; ld.shared.f32 f3, [tile+64];
                fma.rn.f32 f2, f0, f1, f3; add.rn.f32 f2, f2, f0; mul.rn.f32 f2, f2, f1; sub.rn.f32 f3, f2, f3; max.f32 f2, f2, f3;
                fma.rn.f32 f2, f0, f1, f2; min.f32 f2, f2, f0; bar.sync 0; add.u32 i, i, 1; setp.lt.u32 q, i, 260; @q bra LOOP;
                st.global.f32 [po], f2;
                ret;""");
        shuffles = module("shuffles", "sm_80", """
                ld.global.f32 f0, [px];
                LOOP: shfl.sync.bfly.b32 f1, f0, 16, 0x1f, 0xffffffff; add.rn.f32 f0, f0, f1; shfl.sync.bfly.b32 f1, f0, 8, 0x1f, 0xffffffff; max.f32 f0, f0, f1;
                mul.rn.f32 f2, f0, f1; ex2.approx.ftz.f32 f3, f2; sub.rn.f32 f0, f1, f3; add.u32 i, i, 1; setp.lt.u32 q, i, 390; @q bra LOOP;
                st.global.f32 [po], f0;
                ret;""");
        mma = module("mma", "sm_80", """
                mov.b32 a0, 0x3f803f80; mov.f32 f0, 0f00000000; mov.f32 f1, f0; mov.f32 f2, f0; mov.f32 f3, f0;
                LOOP:
                """ + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {f0,f1,f2,f3}, {a0,a0,a0,a0}, {a0,a0}, {f0,f1,f2,f3};\n".repeat(8) + """
                add.u32 i, i, 1; setp.lt.u32 q, i, 100; @q bra LOOP;
                st.global.f32 [po], f0;
                ret;""");
        wgmma = module("wgmma", "sm_90a", wgmmaBody());
        memory = new GlobalMemory(1);
        x = memory.allocateZero("x", 2L * 65536);
        out = memory.allocate("out", 4L * 2048 * MANY_BLOCKS);
        tiled = PtxModule.parse("tiled", PtxGemm.tiled(TILED_DEPTH, TILED));
        gemm = PtxModule.parse("gemm", PtxGemm.gemm(GEMM_DEPTH, GEMM));
        a = memory.allocateZero("a", 4L * GEMM * GEMM_DEPTH);
        b = memory.allocateZero("b", 4L * GEMM * GEMM_DEPTH);
        c = memory.allocate("c", 4L * GEMM * GEMM);
        for (RunReport report : new RunReport[] {elementwise(), shared(), shuffles(), tiled(), gemm()}) {
            long instructions = checked(report).counters().total();
            if (Math.abs(instructions - MILLION) > MILLION / 50) {
                throw new IllegalStateException("a call runs " + instructions + " warp-instructions; wanted a million");
            }
        }
        checked(run(mma, 16, THREADS));
        checked(run(wgmma, WGMMA_BLOCKS, THREADS));
    }

    /// A of 64x16 and B of 128x16, k contiguous, 128-byte swizzle: rows of 128 bytes, 8 KB and 16 KB.
    private static String wgmmaBody() {
        String accumulators = "{" + String.join(", ", java.util.stream.IntStream.range(0, 64).mapToObj(i -> "c" + i).toList()) + "}";
        return """
                mov.u32 sa, tile; mad.lo.u32 sb, tid, 16, sa; mov.b32 a0, 0x3f803f80;
                FILL: st.shared.v4.b32 [sb], {a0, a0, a0, a0}; add.u32 sb, sb, 2048; add.u32 i, i, 1; setp.lt.u32 q, i, 12; @q bra FILL;
                fence.proxy.async; bar.sync 0; mov.u32 i, 0;
                shr.u32 t, sa, 4; cvt.u64.u32 da, t; or.b64 da, da, 0x4000004000010000; add.u64 db, da, 512;
                wgmma.fence.sync.aligned;
                """ + ("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 " + accumulators + ", da, db, 0, 1, 1, 0, 0;\nLOOP: wgmma.fence.sync.aligned;\n")
                + ("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 " + accumulators + ", da, db, 1, 1, 1, 0, 0;\n").repeat(8) + """
                wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;
                add.u32 i, i, 1; setp.lt.u32 q, i, 100; @q bra LOOP;
                st.global.f32 [po], c0;
                ret;""";
    }

    private static PtxModule module(String name, String target, String body) {
        return PtxModule.parse(name, ".version 8.0\n.target " + target + "\n.address_size 64\n.shared .align 1024 .b8 tile[24576];\n.visible .entry " + name + "(.param .u64 x, .param .u64 out) {\n" + """
                .reg .u32 i, tid, t, sa, sb; .reg .u64 p, px, po, off, da, db; .reg .f32 f<4>; .reg .f32 c<64>; .reg .b32 a0; .reg .pred q;
                ld.param.u64 px, [x]; ld.param.u64 po, [out]; mov.u32 tid, %tid.x; mov.u32 t, %ctaid.x; mad.lo.u32 t, t, 2048, tid; mul.wide.u32 off, tid, 4;
                add.u64 px, px, off; mul.wide.u32 off, t, 4; add.u64 po, po, off; mov.u32 i, 0;
                """ + body + "\n}\n");
    }

    private RunReport run(PtxModule module, int blocks, int threads) {
        return Launch.of(module, null).grid(blocks, 1, 1).block(THREADS_PER_BLOCK, 1, 1).memory(memory).argument("x", x).argument("out", out)
                .threads(threads).run();
    }

    private RunReport product(PtxModule module, int blocks, int width, int height) {
        return Launch.of(module, null).grid(blocks, blocks, 1).block(width, height, 1).memory(memory).argument("a", a).argument("b", b)
                .argument("out", c).threads(THREADS).run();
    }

    private RunReport checked(RunReport report) {
        if (!report.clean()) {
            throw new IllegalStateException("the emulator finds fault with its own benchmark: " + report.findings());
        }
        flops = report.profile().totalFlops();
        return report;
    }

    /// The peer `single` is the emulator itself.
    @Override KernelPeer library(String name) { return null; }

    @Override void limit(String kernel, Limit limit) {
        switch (kernel) {
            case "elementwise" -> checked(run(elementwise, BLOCKS, THREADS));
            case "shared" -> checked(run(shared, BLOCKS, THREADS));
            case "shuffles" -> checked(run(shuffles, BLOCKS, THREADS));
            case "tiled" -> checked(tiled());
            case "gemm" -> checked(gemm());
            case "mma" -> checked(run(mma, 16, THREADS));
            case "scalingElementwise" -> checked(run(elementwise, MANY_BLOCKS, 2));
            case "scalingShared" -> checked(run(shared, MANY_BLOCKS, 2));
            case "scalingWgmma" -> checked(run(wgmma, MANY_WGMMA_BLOCKS, 2));
            default -> checked(run(wgmma, WGMMA_BLOCKS, THREADS));
        }
        limit.arithmetic(workers, flops);
    }

    @Benchmark public RunReport elementwise() { return run(elementwise, BLOCKS, THREADS); }

    @Benchmark public RunReport shared() { return run(shared, BLOCKS, THREADS); }

    @Benchmark public RunReport shuffles() { return run(shuffles, BLOCKS, THREADS); }

    @Benchmark public RunReport tiled() { return product(tiled, TILED / 16, 16, 16); }

    @Benchmark public RunReport gemm() { return product(gemm, GEMM / 64, 256, 1); }

    @Benchmark public RunReport mma() { return run(mma, 16, THREADS); }

    @Benchmark public RunReport wgmma() { return run(wgmma, WGMMA_BLOCKS, THREADS); }

    @Benchmark public RunReport scalingElementwise() { return run(elementwise, MANY_BLOCKS, 2); }

    @Benchmark public RunReport scalingElementwise_single() { return run(elementwise, MANY_BLOCKS, 1); }

    @Benchmark public RunReport scalingShared() { return run(shared, MANY_BLOCKS, 2); }

    @Benchmark public RunReport scalingShared_single() { return run(shared, MANY_BLOCKS, 1); }

    @Benchmark public RunReport scalingWgmma() { return run(wgmma, MANY_WGMMA_BLOCKS, 2); }

    @Benchmark public RunReport scalingWgmma_single() { return run(wgmma, MANY_WGMMA_BLOCKS, 1); }
}
