package lucid.kernels.ptx.async;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import lucid.kernels.ptx.Launch;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.launch.Schedule;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.text.PtxModule;

/// A kernel of a few lines, run under every timing and schedule.
///
/// Known to the body: `tid`, `leader` (thread 0), `warp`, `lane`, `in` and `out` (global), `base` (1024-aligned shared memory, 96 KB), `bar` (96 KB
/// further, for mbarriers), `map` (a tensor map by value), `rank`.
final class AsyncKernel {
    static final int BARS = 96 * 1024;
    private static final int OUT_BYTES = 1 << 16;

    /// What one run gave.
    record Run(Timing timing, Schedule schedule, List<Finding> findings, ByteBuffer out, RunReport report) {
        boolean has(Kind kind) {
            return findings.stream().anyMatch(f -> f.kind() == kind);
        }
    }

    private final String body;
    private byte[] input = iota(4096);
    private byte[] output;
    private int threads = 32;
    private int cluster = 1;
    private Function<Long, TensorMap> map;
    private boolean mapOfOut;

    AsyncKernel(String body) {
        this.body = body;
    }

    AsyncKernel input(byte[] bytes) {
        input = bytes;
        return this;
    }

    /// What `out` holds before the run; else it is uninitialised.
    AsyncKernel output(byte[] bytes) {
        output = bytes;
        return this;
    }

    AsyncKernel threads(int count) {
        threads = count;
        return this;
    }

    AsyncKernel cluster(int blocks) {
        cluster = blocks;
        return this;
    }

    /// A tensor map over `in`.
    AsyncKernel map(Function<Long, TensorMap> over) {
        map = over;
        return this;
    }

    /// A tensor map over `out`.
    AsyncKernel mapOfOut(Function<Long, TensorMap> over) {
        map = over;
        mapOfOut = true;
        return this;
    }

    String text() {
        return """
                .version 8.0
                .target sm_90a
                .address_size 64
                .extern .shared .align 1024 .b8 dyn[];
                .visible .entry k(.param .u64 pin, .param .u64 pout, .param .align 64 .b8 pmap[128]) {
                .reg .u64 in, out, map, state, d<4>, x<8>;
                .reg .u32 tid, lane, warp, rank, base, bar, r<16>;
                .reg .f32 f<8>;
                .reg .b16 h<4>;
                .reg .pred leader, done, p, q;
                ld.param.u64 in, [pin];
                ld.param.u64 out, [pout];
                mov.b64 map, pmap;
                cvta.param.u64 map, map;
                mov.u32 tid, %tid.x;
                and.b32 lane, tid, 31;
                shr.u32 warp, tid, 5;
                mov.u32 rank, %cluster_ctarank;
                setp.eq.u32 leader, tid, 0;
                mov.u32 base, dyn;
                add.u32 bar, base, BARS;
                BODY
                ret;
                }
                """.replace("BARS", "" + BARS).replace("BODY", body);
    }

    Run run(Timing timing, Schedule schedule) {
        return run(timing, schedule, new GlobalMemory(5));
    }

    /// Runs it on a memory that other kernels may have used: its buffers are found there by name, or allocated.
    Run run(Timing timing, Schedule schedule, GlobalMemory memory) {
        long used = memory.allocations().stream().filter(a -> a.name().equals("out")).mapToLong(GlobalMemory.Allocation::address)
                .findFirst().orElse(0);
        long in = memory.allocate("in", input);
        long out = used != 0 ? used : output == null ? memory.allocate("out", OUT_BYTES) : memory.allocate("out", output);
        int size = output == null ? OUT_BYTES : output.length;
        byte[] encoded = map == null ? new byte[128] : map.apply(mapOfOut ? out : in).encode();
        var report = Launch.of(PtxModule.parse("k.ptx", text()), null).grid(cluster, 1, 1).cluster(cluster, 1, 1).block(threads, 1, 1)
                .shared(BARS + 1024).memory(memory)
                .argument("pin", in).argument("pout", out).argument("pmap", encoded).timing(timing).schedule(schedule, 3).threads(1)
                        .budget(5_000_000).run();
        return new Run(timing, schedule, report.findings(), ByteBuffer.wrap(memory.read(out, size)).order(ByteOrder.LITTLE_ENDIAN), report);
    }

    List<Run> runs() {
        var runs = new ArrayList<Run>();
        for (Timing timing : Timing.values()) {
            for (Schedule schedule : Schedule.values()) {
                runs.add(run(timing, schedule));
            }
        }
        return runs;
    }

    /// Runs it everywhere without a finding; the last run's output.
    ByteBuffer clean() {
        ByteBuffer first = null;
        for (Run run : runs()) {
            assertEquals(List.of(), run.findings, () -> run.timing + " " + run.schedule);
            first = first == null ? run.out : first;
            assertEquals(first, run.out, () -> "output under " + run.timing + " " + run.schedule);
        }
        return first;
    }

    /// Every run has a finding of one of these kinds; the first of them.
    Finding finds(Kind... kinds) {
        var wanted = Set.of(kinds);
        List<Run> runs = runs();
        for (Run run : runs) {
            assertTrue(run.findings.stream().anyMatch(f -> wanted.contains(f.kind())), () -> "wanted " + wanted + " under " + run.timing + " "
                    + run.schedule + ", found " + run.findings);
        }
        return runs.getFirst().findings.stream().filter(f -> wanted.contains(f.kind())).findFirst().orElseThrow();
    }

    /// Some run under that timing has a finding of that kind.
    void findsUnder(Timing timing, Kind kind) {
        List<Run> runs = runs().stream().filter(r -> r.timing == timing).toList();
        assertTrue(runs.stream().anyMatch(r -> r.has(kind)), () -> "wanted " + kind + ", found " + runs.stream().map(Run::findings).toList());
    }

    static byte[] iota(int bytes) {
        byte[] content = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            content[i] = (byte) (i * 7 + i / 256);
        }
        return content;
    }
}
