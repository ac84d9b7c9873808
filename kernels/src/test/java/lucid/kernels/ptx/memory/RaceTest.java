package lucid.kernels.ptx.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.kernels.ptx.check.Findings;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.memory.order.Access;
import org.junit.jupiter.api.Test;

class RaceTest {
    private final Findings findings = new Findings(100);
    private final SharedMemory shared = TestWarp.shared(40_000);
    private final GlobalMemory global = new GlobalMemory(3);
    private final long row = SharedMemory.SM_90_BASE;
    private final TestWarp a = new TestWarp(0, 0, findings);
    private final TestWarp b = new TestWarp(0, 1, findings);
    private final TestWarp c = new TestWarp(0, 2, findings);
    private final TestWarp other = new TestWarp(5, 0, findings);

    @Test
    void aReadOfAnotherWarpsWrite_needsABarrier_andNamesBothPlaces() {
        a.at(1).storeRow(shared, row);
        b.at(2).loadRow(shared, row);
        assertEquals(Kind.RACE, b.only().kind());
        assertEquals(102, b.only().at().instruction().line());
        assertEquals(101, b.only().earlier().instruction().line());
        assertEquals(0, b.only().earlier().warp());
        assertEquals(b.only().at().lane(), b.only().earlier().lane());
        assertTrue(b.only().message().contains("without a barrier"), b.only().message());
    }

    @Test
    void aBarrierOrdersWritesAndReads_inBothDirections() {
        for (int turn = 0; turn < 5; turn++) {
            a.at(1).storeRow(shared, row);
            b.at(2).storeRow(shared, row + 128);
            TestWarp.barrier(a, b, c);
            assertEquals(1007, c.at(3).loadRow(shared, row + 128)[7]);
            assertEquals(7, b.at(4).loadRow(shared, row)[7]);
            a.at(5).loadRow(shared, row + 128);
            TestWarp.barrier(a, b, c);
        }
        assertEquals(List.of(), findings.list());
    }

    @Test
    void overwritingWhatAnotherWarpStillReads_isFound_whoeverReadLast() {
        a.at(1).storeRow(shared, row);
        TestWarp.barrier(a, b, c);
        b.at(2).loadRow(shared, row);
        c.at(3).loadRow(shared, row);
        a.at(4).loadRow(shared, row);
        TestWarp.barrier(a, c);
        a.at(5).storeRow(shared, row);
        assertEquals(List.of(Kind.RACE), a.kinds());
        assertEquals(1, a.only().earlier().warp());
        assertEquals(2, a.only().earlier().instruction().index());
    }

    @Test
    void arrivingForOthersIsNotEnough_whenOneOfManyReadersHasNotArrived() {
        a.at(1).storeRow(shared, row);
        TestWarp.barrier(a, b, c);
        b.at(2).loadRow(shared, row);
        c.at(3).loadRow(shared, row);
        a.clock.acquire(c.clock.release(), -1);
        a.at(4).storeRow(shared, row);
        assertEquals(1, a.only().earlier().warp());
    }

    @Test
    void oneLaneSpeaksForItself_andForWhatABarWarpSyncHasOrderedBeforeIt() {
        a.at(1).storeRow(shared, row);
        b.clock.acquire(a.clock.release(1, -1), -1);
        b.at(2).load(shared, 1, 4, Access.WEAK, lane -> row);
        assertEquals(List.of(), findings.list());
        b.at(3).load(shared, 2, 4, Access.WEAK, lane -> row + 4);
        assertEquals(1, b.only().earlier().lane());

        a.clock.warpSync(-1);
        c.clock.acquire(a.clock.release(1, -1), -1);
        c.at(4).loadRow(shared, row);
        assertEquals(1, findings.list().size());
    }

    @Test
    void whatOneLaneReleases_reachesItsOwnWarpAndThoseBehindABarrier() {
        a.at(1).store(shared, 1, 4, Access.WEAK, lane -> row);
        var released = a.clock.release(1, -1);
        a.clock.acquire(released, -1);
        a.at(2).load(shared, -1, 4, Access.WEAK, lane -> row);
        b.clock.acquire(released, -1);
        TestWarp.barrier(b, c);
        c.at(3).load(shared, -1, 4, Access.WEAK, lane -> row);
        assertEquals(List.of(), findings.list());
    }

    @Test
    void lanesOfAWarpNeedABarWarpSync() {
        a.at(1).storeRow(shared, row);
        a.at(2).load(shared, -1, 4, Access.WEAK, lane -> row + 4L * (lane ^ 1));
        assertEquals(Kind.RACE, a.only().kind());
        assertTrue(a.only().message().contains("another lane of the same warp"), a.only().message());
    }

    @Test
    void barWarpSyncOrdersLanes_alsoThoseThatOverwriteWhatOthersRead() {
        a.at(1).storeRow(shared, row);
        a.clock.warpSync(-1);
        a.at(2).load(shared, -1, 4, Access.WEAK, lane -> row + 4L * (lane ^ 1));
        a.clock.warpSync(-1);
        a.at(3).storeRow(shared, row);
        assertEquals(List.of(), findings.list());
        a.at(4).load(shared, -1, 4, Access.WEAK, lane -> row + 4L * (lane ^ 1));
        assertEquals(List.of(Kind.RACE), a.kinds());
    }

    @Test
    void aBarWarpSyncOfHalfTheWarp_ordersThatHalf() {
        a.at(1).storeRow(shared, row);
        a.clock.warpSync(0xFFFF);
        a.at(2).load(shared, 0xFFFF, 4, Access.WEAK, lane -> row + 4L * (lane ^ 1));
        assertEquals(List.of(), findings.list());
        a.at(3).load(shared, 0xFFFF0000, 4, Access.WEAK, lane -> row + 4L * (lane ^ 1));
        assertEquals(List.of(Kind.RACE), a.kinds());
    }

    @Test
    void readingEachOthersRows_thenWritingOnesOwn_isARaceOfLanes() {
        a.at(1).storeRow(shared, row);
        a.clock.warpSync(-1);
        a.at(2).load(shared, -1, 4, Access.WEAK, lane -> row + 4L * (lane ^ 1));
        a.at(3).storeRow(shared, row);
        assertEquals(List.of(Kind.RACE), a.kinds());
        assertTrue(a.only().message().contains("was read by another lane"), a.only().message());
    }

    @Test
    void twoLanesWritingDifferentValuesToOnePlace_conflict_sameValuesDoNot() {
        a.at(1).store(shared, -1, 4, Access.WEAK, _ -> row);
        assertEquals(List.of(), findings.list());
        a.values[9] = 5;
        a.at(2).store(shared, -1, 4, Access.WEAK, _ -> row + 64);
        assertEquals(List.of(Kind.LANE_CONFLICT), a.kinds());
        assertEquals(9, a.only().at().lane());
        assertEquals(5, a.only().value());
    }

    @Test
    void theSameInstructionInTheNextTurnOfALoop_isARace_notALaneConflict() {
        a.at(1).store(shared, 1, 4, Access.WEAK, _ -> row);
        a.at(1).store(shared, 2, 4, Access.WEAK, _ -> row);
        assertEquals(List.of(Kind.RACE), a.kinds());
    }

    @Test
    void neighbouringHalvesAndBytesOfAWord_areApart() {
        long address = global.allocate("bf16", 128);
        a.at(1).store(global, -1, 2, Access.WEAK, lane -> address + 4L * lane);
        b.at(2).store(global, -1, 2, Access.WEAK, lane -> address + 2 + 4L * lane);
        other.at(3).store(global, 1, 1, Access.WEAK, _ -> address + 1);
        assertEquals(List.of(Kind.RACE), other.kinds());
        assertEquals(1, other.only().earlier().instruction().index());
        b.at(4).store(global, -1, 2, Access.WEAK, lane -> address + 2 + 4L * lane);
        assertEquals(1, findings.list().size());
    }

    @Test
    void blocksRaceInGlobalMemory_inEitherOrder() {
        long address = global.allocate("x", new byte[128]);
        a.at(1).loadRow(global, address);
        other.at(2).storeRow(global, address);
        assertEquals(Kind.RACE, other.only().kind());
        assertTrue(other.only().message().contains("another block"), other.only().message());
        a.at(3).loadRow(global, address);
        assertEquals(2, findings.list().size());
    }

    @Test
    void amongManyReadersOfOtherBlocks_anyWriterIsFound() {
        long address = global.allocate("x", new byte[128]);
        for (int block = 10; block < 30; block++) {
            new TestWarp(block, block % 3, findings).at(1).loadRow(global, address);
        }
        for (int block : new int[] {10, 15, 29}) {
            global.beginLaunch(1);
            for (int reader = 10; reader < 30; reader++) {
                new TestWarp(reader, reader % 3, findings).at(1).loadRow(global, address);
            }
            int before = findings.list().size();
            new TestWarp(block, block % 3, findings).at(block).storeRow(global, address);
            assertEquals(before + 1, findings.list().size());
        }
    }

    @Test
    void atomicsDoNotRace_butPlainAccessesBesideThemDo() {
        long address = global.allocateZero("count", 4);
        a.at(1).atomicAdd(global, -1, Access.RELAXED_GPU, address, 1);
        other.at(2).atomicAdd(global, -1, Access.RELAXED_GPU, address, 1);
        assertEquals(List.of(), findings.list());
        assertEquals(64, memoryInt(address));
        a.at(3).load(global, 1, 4, Access.WEAK, _ -> address);
        assertEquals(List.of(Kind.RACE), a.kinds());
    }

    private int memoryInt(long address) {
        return java.nio.ByteBuffer.wrap(global.read(address, 4)).order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt();
    }

    @Test
    void atomicsOfBlockScope_raceBetweenBlocks() {
        long address = global.allocateZero("count", 4);
        var cta = new Access(true, Access.Scope.BLOCK, false, false, false);
        a.at(1).atomicAdd(global, 1, cta, address, 1);
        b.at(2).atomicAdd(global, 1, cta, address, 1);
        assertEquals(List.of(), findings.list());
        other.at(3).atomicAdd(global, 1, cta, address, 1);
        assertEquals(List.of(Kind.RACE), a.kinds());
    }

    @Test
    void fencesAndARelaxedCounter_passDataToTheLastBlock() {
        passThroughCounter(Access.Scope.GPU, Access.Scope.GPU);
        assertEquals(List.of(), findings.list());
    }

    @Test
    void withoutTheReadersFence_dataIsNotPassed() {
        passThroughCounter(Access.Scope.GPU, null);
        assertEquals(List.of(Kind.RACE), a.kinds());
    }

    @Test
    void withoutTheWritersFence_dataIsNotPassed() {
        passThroughCounter(null, Access.Scope.GPU);
        assertEquals(List.of(Kind.RACE), a.kinds());
    }

    @Test
    void aFenceOfBlockScope_doesNotReachAnotherBlock() {
        passThroughCounter(Access.Scope.BLOCK, Access.Scope.GPU);
        assertEquals(List.of(Kind.RACE), a.kinds());
    }

    private void passThroughCounter(Access.Scope writer, Access.Scope reader) {
        long data = global.allocate("partial", 128);
        long counter = global.allocateZero("counter", 4);
        a.at(1).storeRow(global, data);
        if (writer != null) {
            a.clock.fence(writer, -1);
        }
        a.at(2).atomicAdd(global, 1, Access.RELAXED_GPU, counter, 1);
        other.at(3).atomicAdd(global, 1, Access.RELAXED_GPU, counter, 1);
        if (reader != null) {
            other.clock.fence(reader, -1);
        }
        other.at(4).loadRow(global, data);
    }

    @Test
    void releaseAndAcquire_passData_alsoThroughAThirdBlocksAtomic() {
        long data = global.allocate("partial", 128);
        long flag = global.allocateZero("flag", 4);
        a.at(1).storeRow(global, data);
        a.at(2).store(global, 1, 4, new Access(true, Access.Scope.GPU, false, true, false), _ -> flag);
        new TestWarp(7, 0, findings).at(3).atomicAdd(global, 1, Access.RELAXED_GPU, flag, 1);
        other.at(4).load(global, 1, 4, new Access(true, Access.Scope.GPU, true, false, false), _ -> flag);
        other.at(5).loadRow(global, data);
        assertEquals(List.of(), findings.list());
    }

    @Test
    void whatFollowsARelease_isNotReleased() {
        long data = global.allocate("late", 128);
        long flag = global.allocateZero("flag", 4);
        a.at(2).store(global, 1, 4, new Access(true, Access.Scope.GPU, false, true, false), _ -> flag);
        a.at(1).storeRow(global, data);
        other.at(4).load(global, 1, 4, new Access(true, Access.Scope.GPU, true, false, false), _ -> flag);
        other.at(5).loadRow(global, data);
        assertEquals(List.of(Kind.RACE), a.kinds());
    }

    @Test
    void acquiredKnowledgeGoesOn_throughABarrierOfTheReadersBlock() {
        long data = global.allocate("partial", 128);
        long flag = global.allocateZero("flag", 4);
        var helper = new TestWarp(5, 1, findings);
        a.at(1).storeRow(global, data);
        a.at(2).store(global, 1, 4, new Access(true, Access.Scope.GPU, false, true, false), _ -> flag);
        other.at(4).load(global, 1, 4, new Access(true, Access.Scope.GPU, true, false, false), _ -> flag);
        TestWarp.barrier(other, helper);
        helper.at(5).loadRow(global, data);
        assertEquals(List.of(), findings.list());
    }
}
