package lucid.kernels.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Calls, errors and graphs, on the emulated GPU.
class EmulatedGpuTest {
    /// `x[i] = x[i] + 1` for i < n; `wild` writes one element too far.
    private static final String TEXT = """
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry add_one(.param .u64 x, .param .u32 n)
            {
                .reg .pred p;
                .reg .u32 i, n1;
                .reg .u64 a, d;
                .reg .f32 v;
                ld.param.u64 a, [x];
                ld.param.u32 n1, [n];
                mov.u32 i, %tid.x;
                setp.ge.u32 p, i, n1;
                @p bra END;
                mul.wide.u32 d, i, 4;
                add.s64 a, a, d;
                ld.global.f32 v, [a];
                add.rn.f32 v, v, 0f3F800000;
                st.global.f32 [a], v;
            END:
                ret;
            }
            """;

    private final EmulatedGpu gpu = new EmulatedGpu();
    private final Kernel kernel = gpu.load("add_one", TEXT);

    @AfterEach void close() { gpu.close(); }

    private long floats(float... values) {
        long address = gpu.allocate(values.length * 4L, "values");
        gpu.copyIn(address, MemorySegment.ofArray(values));
        return address;
    }

    private float[] read(long address, int n) {
        float[] values = new float[n];
        gpu.copyOut(address, MemorySegment.ofArray(values));
        return values;
    }

    @Test void aLaunchChangesMemory() {
        long x = floats(1, 2, 3);
        kernel.call().u64(x).u32(2).launch(1, 32);
        assertArrayEquals(new float[] {2, 3, 3}, read(x, 3));
    }

    @Test void aGraphRunsWhatWasRecordedEachTime() {
        long x = floats(1, 2, 3);
        try (Graph graph = gpu.record(() -> {
            kernel.call().u64(x).u32(3).launch(1, 32);
            kernel.call().u64(x).u32(1).launch(1, 32);
            assertThrows(IllegalStateException.class, () -> gpu.copyOut(x, MemorySegment.ofArray(new float[1])));
        })) {
            assertArrayEquals(new float[] {1, 2, 3}, read(x, 3), "recording runs nothing");
            graph.launch();
            assertArrayEquals(new float[] {3, 3, 4}, read(x, 3));
            graph.launch();
            assertArrayEquals(new float[] {5, 4, 5}, read(x, 3));
        }
    }

    /// A recorded copy takes what its source holds at the launch.
    @Test void aGraphCopiesWhatTheHostHas() {
        long x = floats(1, 2, 3);
        MemorySegment source = MemorySegment.ofArray(new float[] {10, 20, 30});
        try (Graph graph = gpu.record(() -> {
            gpu.copyIn(x, source);
            kernel.call().u64(x).u32(2).launch(1, 32);
        })) {
            assertArrayEquals(new float[] {1, 2, 3}, read(x, 3), "recording copies nothing");
            graph.launch();
            assertArrayEquals(new float[] {11, 21, 30}, read(x, 3));
            source.copyFrom(MemorySegment.ofArray(new float[] {5, 6, 7}));
            graph.launch();
            assertArrayEquals(new float[] {6, 7, 7}, read(x, 3));
        }
    }

    @Test void aFindingIsAnErrorThatNamesKernelParametersAndLine() {
        long x = floats(1, 2, 3);
        KernelFaultException e = assertThrows(KernelFaultException.class, () -> kernel.call().u64(x).u32(4).launch(1, 32));
        for (String part : new String[] {"add_one", "n = 4", "add_one.ptx:17", "out of bounds"})
            assertTrue(e.getMessage().contains(part), part + " in " + e.getMessage());
    }

    @Test void wrongCallsAreRefusedBeforeAnythingRuns() {
        long x = floats(1, 2, 3);
        refused("'n' got a value of type .u64; wanted .u32 of 4 bytes", () -> kernel.call().u64(x).u64(3));
        refused("'x' got a value of type .f32", () -> kernel.call().f32(1));
        refused("more than its 2 parameters [x, n]", () -> kernel.call().u64(x).u32(3).u32(3));
        refused("1 parameters were given; wanted 2 [x, n]", () -> kernel.call().u64(x).launch(1, 32));
        refused("threads of a block is 2048; wanted 1 .. 1024", () -> kernel.call().u64(x).u32(3).launch(1, 2048));
        refused("grid.x is 0", () -> kernel.call().u64(x).u32(3).launch(0, 32));
        refused("grid.y is 65536; wanted 1 .. 65535", () -> kernel.call().u64(x).u32(3).launch(1, 65536, 1, 32, 1, 0));
        refused("300000 bytes of shared memory; wanted at most 232448", () -> kernel.call().u64(x).u32(3).launch(1, 1, 1, 32, 1, 300000));
        refused("no entry 'another'; it has [add_one]", () -> gpu.load("another", TEXT));
        assertArrayEquals(new float[] {1, 2, 3}, read(x, 3));
    }

    private static void refused(String part, Runnable call) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(e.getMessage().contains(part), "wanted '" + part + "' in: " + e.getMessage());
    }

    @Test void marksMeasureForward() {
        try (Gpu.Event a = gpu.event(); Gpu.Event b = gpu.event()) {
            assertTrue(b.millisecondsSince(a) >= 0);
            assertEquals(0, a.millisecondsSince(a));
        }
    }
}
