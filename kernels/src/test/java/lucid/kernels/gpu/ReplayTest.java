package lucid.kernels.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A step under a replay does what it does by itself, whatever changes; and it becomes graphs where nothing changes.
class ReplayTest {
    /// `x[i] = factor x[i] + 1` for i < n: its order of calls shows.
    private static final String TEXT = """
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry turn(.param .u64 x, .param .u32 n, .param .f32 factor)
            {
                .reg .pred p;
                .reg .u32 i, n1;
                .reg .u64 a, d;
                .reg .f32 v, f, o;
                ld.param.u64 a, [x];
                ld.param.u32 n1, [n];
                ld.param.f32 f, [factor];
                mov.u32 i, %tid.x;
                setp.ge.u32 p, i, n1;
                @p bra END;
                mul.wide.u32 d, i, 4;
                add.s64 a, a, d;
                ld.global.f32 v, [a];
                mov.f32 o, 0f3F800000;
                fma.rn.f32 v, v, f, o;
                st.global.f32 [a], v;
            END:
                ret;
            }
            """;
    private static final int N = 8;

    private final EmulatedGpu gpu = new EmulatedGpu();
    private final Kernel kernel = gpu.load("turn", TEXT);
    private final long x = gpu.allocate(4 * N, "x");
    private final float[] expected = new float[N];

    @AfterEach void close() { gpu.close(); }

    /// One launch on the GPU, and the same on the host.
    private void turn(int n, float factor) {
        kernel.call().u64(x).u32(n).f32(factor).launch(1, 32);
        for (int i = 0; i < n; i++) expected[i] = Math.fma(expected[i], factor, 1f);
    }

    private void write(int from, float... values) {
        gpu.copyIn(x + 4L * from, MemorySegment.ofArray(values));
        System.arraycopy(values, 0, expected, from, values.length);
    }

    private void check() {
        float[] found = new float[N];
        gpu.copyOut(x, MemorySegment.ofArray(found));
        assertArrayEquals(expected, found);
    }

    private Replay.Counts run(int times, IntConsumer step) {
        write(0, 1, 2, 3, 4, 5, 6, 7, 8);
        try (Replay replay = gpu.replay()) {
            for (int t = 0; t < times; t++) {
                int at = t;
                replay.run(() -> step.accept(at));
                check();
            }
        }
        return gpu.replayed();
    }

    @Test void theSecondTimeIsRecordedAndTheThirdReplayed() {
        assertEquals(new Replay.Counts(1, 4, 10), run(5, t -> {
            for (int i = 0; i < 10; i++) turn(N, 0.5f + i);
        }));
    }

    /// 32, 64 and the rest.
    @Test void longStepsAreCutIntoSegmentsThatGrow() {
        assertEquals(new Replay.Counts(3, 6, 120), run(3, t -> {
            for (int i = 0; i < 120; i++) turn(1 + i % N, 0.5f);
        }));
    }

    @Test void hostDataMayDifferEachTime() {
        assertEquals(new Replay.Counts(1, 5, 6), run(6, t -> {
            write(2, t, 2 * t);
            for (int i = 0; i < 4; i++) turn(N, 0.5f);
            write(4, -t);
        }));
    }

    /// Another parameter every third time, late in the step: what came before it is queued as it stands.
    @Test void aDifferenceIsQueuedInOrder() {
        assertEquals(new Replay.Counts(0, 0, 60), run(6, t -> {
            for (int i = 0; i < 10; i++) turn(i == 6 && t % 2 == 0 ? 3 : N, 0.5f + i);
        }));
        Replay.Counts before = gpu.replayed();
        Replay.Counts after = run(9, t -> {
            for (int i = 0; i < 10; i++) turn(i == 6 && t >= 4 ? 3 : N, 0.5f + i);
        });
        assertEquals(new Replay.Counts(2, 3 + 4, 20), after.minus(before));
    }

    /// 40 launches are segments of 32 and 8; 7 are one; then 50 are the 7 and 43 more, and 32 are the 7 and 25 more.
    @Test void stepsThatShrinkAndGrow() {
        int[] lengths = {40, 40, 40, 7, 7, 7, 50, 50, 50, 32, 32};
        assertEquals(new Replay.Counts(2 + 1 + 1 + 1, 4 + 2 + 5 + 3, 40 + 7 + 43 + 25), run(lengths.length, t -> {
            for (int i = 0; i < lengths[t]; i++) turn(1 + i % N, 0.5f);
        }));
    }

    /// A read sees everything before it, in a graph or not, and ends a segment.
    @Test void readsInAStepSeeWhatWasQueued() {
        assertEquals(new Replay.Counts(2, 4, 10), run(3, t -> {
            for (int i = 0; i < 5; i++) turn(N, 0.5f);
            check();
            for (int i = 0; i < 5; i++) turn(N, 2f);
        }));
        run(4, t -> {
            for (int i = 0; i < 10; i++) {
                turn(N, 0.5f);
                if (i == t) check();
            }
        });
    }

    /// A graph of three launches is not worth it.
    @Test void shortSegmentsStaySingle() {
        assertEquals(new Replay.Counts(0, 0, 12), run(4, t -> {
            for (int i = 0; i < 3; i++) turn(N, 0.5f);
        }));
    }

    @Test void copiesOnTheDeviceAndLargeOnesFromTheHost() {
        long y = gpu.allocate(4 * N, "y");
        long large = gpu.allocate(Replay.MOST_BYTES + 4, "large");
        assertEquals(new Replay.Counts(2, 6, 10), run(4, t -> {
            for (int i = 0; i < 3; i++) turn(N, 0.5f);
            gpu.copy(y, x, 4 * N);
            turn(N, 3f);
            gpu.copyIn(large, MemorySegment.ofArray(new byte[(int) Replay.MOST_BYTES + 4]));
            for (int i = 0; i < 4; i++) turn(N, 2f);
            gpu.copy(x, y, 4 * N);
            float[] kept = new float[N];
            gpu.copyOut(x, MemorySegment.ofArray(kept));
            System.arraycopy(kept, 0, expected, 0, N);
        }));
    }

    /// What a step queued before it failed was queued; the next step begins anew.
    @Test void aStepThatFailsHasDoneWhatItDid() {
        write(0, 1, 2, 3, 4, 5, 6, 7, 8);
        try (Replay replay = gpu.replay()) {
            for (int t = 0; t < 6; t++) {
                boolean fails = t == 3;
                Runnable step = () -> {
                    for (int i = 0; i < 6; i++) turn(N, 0.5f);
                    if (fails) throw new IllegalArgumentException("stopped");
                    for (int i = 0; i < 6; i++) turn(N, 2f);
                };
                if (fails) assertEquals("stopped", assertThrows(IllegalArgumentException.class, () -> replay.run(step)).getMessage());
                else replay.run(step);
                check();
            }
            assertThrows(IllegalStateException.class, () -> replay.run(() -> replay.run(() -> {})));
            assertThrows(IllegalStateException.class, () -> replay.run(() -> gpu.replay().run(() -> {})));
        }
    }

    /// A finding in a graph is the finding of its kernel.
    @Test void aFaultInAGraphNamesTheKernel() {
        try (Replay replay = gpu.replay()) {
            write(0, 1, 2, 3, 4, 5, 6, 7, 8);
            Runnable step = () -> {
                for (int i = 0; i < 5; i++) turn(N, 0.5f);
            };
            replay.run(step);
            replay.run(step);
            gpu.free(x);
            assertEquals("turn", assertThrows(KernelFaultException.class, () -> replay.run(step)).getMessage().replaceAll("(?s).*?(turn).*", "$1"));
        }
    }
}
