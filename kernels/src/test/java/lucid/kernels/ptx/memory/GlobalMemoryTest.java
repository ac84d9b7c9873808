package lucid.kernels.ptx.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Findings;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.memory.order.Access;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GlobalMemoryTest {
    private final Findings findings = new Findings(100);
    private final TestWarp warp = new TestWarp(0, 0, findings);
    private final GlobalMemory memory = new GlobalMemory(7);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8, 16})
    void everyWidthGoesThere_andBack_inARunAndLaneByLane(int bytes) {
        long address = memory.allocate("x", 32L * bytes);
        for (int i = 0; i < warp.values.length; i++) {
            warp.values[i] = 0x01020304 * (i + 1);
        }
        int[] stored = warp.values.clone();
        warp.store(memory, -1, bytes, Access.WEAK, lane -> address + (long) lane * bytes);
        java.util.Arrays.fill(warp.values, 0);
        int[] run = warp.at(1).load(memory, -1, bytes, Access.WEAK, lane -> address + (long) lane * bytes).clone();
        int[] single = warp.at(2).load(memory, 0xAAAAAAAA, bytes, Access.WEAK, lane -> address + (long) lane * bytes);
        for (int lane = 0; lane < 32; lane++) {
            for (int w = 0; w * 4 < bytes; w++) {
                int expected = bytes < 4 ? stored[lane] & (1 << 8 * bytes) - 1 : stored[32 * w + lane];
                assertEquals(expected, run[32 * w + lane]);
                assertEquals(expected, single[32 * w + lane]);
            }
        }
        assertEquals(List.of(), findings.list());
        assertEquals(0, memory.uninitialised(address, 32L * bytes));
    }

    @Test
    void outOfBounds_namesTheNearestAllocationAndTheDistance_andGivesPoison() {
        memory.allocate("first", new byte[64]);
        long address = memory.allocate("second", new byte[124]);
        int[] values = warp.loadRow(memory, address);
        assertEquals(0, values[30]);
        assertEquals(-1, values[31]);
        Finding finding = warp.only();
        assertEquals(Kind.OUT_OF_BOUNDS, finding.kind());
        assertEquals(31, finding.at().lane());
        assertEquals(address + 124, finding.address());
        assertTrue(finding.message().contains("0 bytes past the end of 'second' (124 bytes"), finding.message());
    }

    @Test
    void outOfBounds_beforeTheStart_andStoresAreDropped() {
        long address = memory.allocate("x", new byte[128]);
        warp.store(memory, 1, 4, Access.WEAK, _ -> address - 8);
        assertTrue(warp.only().message().contains("8 bytes before the start of 'x'"), warp.only().message());
        assertArrayEquals(new byte[128], memory.read(address, 128));
    }

    @Test
    void everyAllocationHasAGuardOf4096BytesOnBothSides_andNoMoreThan256BytesOfAlignmentInGeneral() {
        boolean odd = false;
        for (int i = 0; i < 50; i++) {
            long address = memory.allocate("a" + i, 100 + i * 1000L);
            assertEquals(0, address % 256);
            odd |= address % 512 != 0;
            for (long at : new long[] {address - 1, address - 4096, address + 100 + i * 1000L, address + 100 + i * 1000L + 4095}) {
                assertEquals(null, memory.page(at) == null || !memory.page(at).holds(at, 1) ? null : "mapped");
            }
        }
        assertTrue(odd);
        assertNotEquals(new GlobalMemory(1).allocate("x", 4), new GlobalMemory(2).allocate("x", 4));
    }

    @Test
    void misalignedAccess_isAFinding() {
        long address = memory.allocate("x", new byte[1024]);
        warp.load(memory, -1, 8, Access.WEAK, lane -> address + 4 + 8L * lane);
        assertEquals(Kind.MISALIGNED, warp.only().kind());
        assertTrue(warp.only().message().contains("not a multiple of 8"), warp.only().message());
        assertEquals(32, warp.only().count());
    }

    @Test
    void uninitialisedBytes_areAFinding_evenOneOfThem() {
        long address = memory.allocate("x", 128);
        warp.store(memory, -1, 4, Access.WEAK, lane -> address + 4L * lane);
        assertEquals(0, memory.uninitialised(address, 128));
        long other = memory.allocate("y", 128);
        warp.store(memory, -1, 2, Access.WEAK, lane -> other + 4L * lane);
        assertEquals(64, memory.uninitialised(other, 128));
        assertEquals(List.of(), findings.list());
        warp.at(1).loadRow(memory, other);
        assertEquals(Kind.UNINITIALISED_MEMORY, warp.only().kind());
        assertTrue(warp.only().message().contains("'y'"), warp.only().message());
        assertEquals(0xFFFFL, warp.only().value() >>> 16);
    }

    @Test
    void zeroedAllocationsAreInitialised() {
        long address = memory.allocateZero("x", 1L << 34);
        int[] values = warp.loadRow(memory, address + (1L << 33));
        assertEquals(0, values[5]);
        assertEquals(List.of(), findings.list());
    }

    @Test
    void aBufferOfManyGigabytes_costsOnlyWhatIsTouched_and32BitArithmeticMissesIt() {
        long bytes = 300L << 30;
        long address = memory.allocate("logits", bytes);
        warp.storeRow(memory, address + bytes - 128);
        assertEquals(31, warp.at(1).loadRow(memory, address + bytes - 128)[31]);
        assertEquals(List.of(), findings.list());
        warp.at(2).load(memory, 1, 4, Access.WEAK, _ -> (int) (address + bytes - 128));
        assertEquals(Kind.OUT_OF_BOUNDS, warp.only().kind());
        assertThrows(IllegalArgumentException.class, () -> memory.allocate("more", 1L << 40));
    }

    @Test
    void freedMemory_isNamed() {
        long address = memory.allocate("scratch", new byte[128]);
        memory.free(address);
        warp.loadRow(memory, address);
        assertEquals(Kind.OUT_OF_BOUNDS, warp.only().kind());
        assertTrue(warp.only().message().contains("'scratch', which has been freed"), warp.only().message());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> memory.free(address)).getMessage().contains("free"));
    }

    @Test
    void theHostIsHeldToAllocationsToo() {
        long address = memory.allocate("x", new byte[] {1, 2, 3});
        assertArrayEquals(new byte[] {2, 3}, memory.read(address + 1, 2));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> memory.read(address, 4)).getMessage()
                .contains("reaching 1 bytes past its end"));
        assertThrows(IllegalArgumentException.class, () -> memory.write(address + 2, new byte[2]));
    }

    @Test
    void hostBuffersSpanPages() {
        byte[] content = new byte[100_000];
        new java.util.Random(5).nextBytes(content);
        long address = memory.allocate("big", content);
        assertArrayEquals(content, memory.read(address, content.length));
        assertEquals(List.of("big"), memory.allocations().stream().map(GlobalMemory.Allocation::name).toList());
    }

    @Test
    void nonCoherentReadsOfWhatThisLaunchHasWritten_areFindings_inEitherOrder() {
        long address = memory.allocate("x", new byte[256]);
        warp.at(63).load(memory, -1, 4, Access.NON_COHERENT, lane -> address + 4L * lane);
        assertEquals(List.of(), findings.list());
        warp.at(1).storeRow(memory, address);
        assertEquals(List.of(Kind.READ_ONLY), warp.kinds());
        warp.at(2).storeRow(memory, address + 128);
        warp.at(62).load(memory, -1, 4, Access.NON_COHERENT, lane -> address + 128 + 4L * lane);
        assertEquals(List.of(Kind.READ_ONLY, Kind.READ_ONLY), warp.kinds());
        memory.beginLaunch(1);
        warp.at(61).load(memory, -1, 4, Access.NON_COHERENT, lane -> address + 128 + 4L * lane);
        assertEquals(2, findings.list().size());
    }

    @Test
    void aKernelBoundaryOrdersEverything() {
        long address = memory.allocate("x", 128);
        warp.storeRow(memory, address);
        memory.beginLaunch(1);
        var other = new TestWarp(3, 1, findings);
        other.at(1).loadRow(memory, address);
        assertEquals(List.of(), findings.list());
    }

    @Test
    void sectorsAreCounted() {
        long address = memory.allocate("x", new byte[32 * 128 + 128]);
        warp.at(1).loadRow(memory, address);
        warp.at(2).load(memory, -1, 4, Access.WEAK, lane -> address + 128L * lane);
        warp.at(3).load(memory, -1, 4, Access.WEAK, lane -> address + 4L * (31 - lane));
        warp.at(4).load(memory, -1, 16, Access.WEAK, lane -> address + 16 + 16L * lane);
        assertEquals(new Traffic.Counts(1, 0, 0, 4, 4, 0, 128), warp.traffic.at(1));
        assertEquals(new Traffic.Counts(1, 0, 0, 32, 4, 0, 128), warp.traffic.at(2));
        assertEquals(new Traffic.Counts(1, 0, 0, 4, 4, 0, 128), warp.traffic.at(3));
        assertEquals(new Traffic.Counts(1, 0, 0, 17, 16, 0, 512), warp.traffic.at(4));
        var total = new Traffic(64);
        total.add(warp.traffic);
        total.add(warp.traffic);
        assertEquals(34, total.at(4).sectors());
        assertEquals(List.of(), findings.list());
    }
}
