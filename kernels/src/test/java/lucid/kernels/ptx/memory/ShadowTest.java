package lucid.kernels.ptx.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.kernels.ptx.check.Findings;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.memory.order.Stamp;
import lucid.kernels.ptx.memory.shadow.Readers;
import lucid.kernels.ptx.memory.shadow.Shadow;
import org.junit.jupiter.api.Test;

class ShadowTest {
    @Test
    void aLongLoopOfBarriers_forgetsNoReader() {
        var shadow = new Shadow(4096, true);
        Readers side = shadow.makeSide(0, null);
        shadow.ready.addAll();
        var findings = new Findings(10);
        var warps = new TestWarp[] {new TestWarp(0, 0, findings), new TestWarp(0, 1, findings), new TestWarp(0, 2, findings)};
        for (int turn = 0; turn < 2000; turn++) {
            for (TestWarp warp : warps) {
                shadow.readRun(side, 0, 32, 4, warp.clock.stamp(1, Stamp.WEAK), warp.clock);
            }
            TestWarp.barrier(warps);
        }
        assertTrue(shadow.writeRun(0, 32, 4, warps[0].clock.stamp(3, Stamp.WEAK), warps[0].clock));
        TestWarp.barrier(warps);
        for (TestWarp warp : warps) {
            shadow.readRun(side, 0, 32, 4, warp.clock.stamp(2, Stamp.WEAK), warp.clock);
        }
        for (int turn = 0; turn < 2000; turn++) {
            for (TestWarp warp : warps) {
                shadow.readRun(side, 1024, 32, 4, warp.clock.stamp(1, Stamp.WEAK), warp.clock);
            }
            TestWarp.barrier(warps[1], warps[2]);
        }
        assertFalse(shadow.writeRun(0, 32, 4, warps[0].clock.stamp(3, Stamp.WEAK), warps[0].clock));
        assertEquals(0, shadow.write(2048, 4, warps[0].clock.stamp(3, Stamp.WEAK), warps[0].clock));
        assertTrue(shadow.write(0, 4, warps[0].clock.stamp(3, Stamp.WEAK), warps[0].clock) != 0);
        assertTrue(shadow.collidedWithRead());
    }

    @Test
    void aRangeThatACopyHasRead_isKeptThroughCutsAndFurtherRanges() {
        var shadow = new Shadow(8192, true);
        Readers side = shadow.makeSide(0, null);
        var findings = new Findings(10);
        var reader = new TestWarp(0, 0, findings);
        var writer = new TestWarp(0, 1, findings);
        for (int i = 0; i < 40; i++) {
            shadow.stampRead(side, 128 * i, 128, reader.clock.stamp(1, Stamp.WEAK) | Stamp.MANY, reader.clock);
        }
        shadow.stampRead(side, 6144, 1024, reader.clock.stamp(1, Stamp.WEAK) | Stamp.MANY, reader.clock);
        shadow.refine(1);
        for (int offset : new int[] {0, 127, 128 * 39, 128 * 40 - 1, 6144, 6200, 7167}) {
            assertTrue(shadow.write(offset, 1, writer.clock.stamp(2, Stamp.WEAK), writer.clock) != 0, "a write at " + offset);
        }
        for (int offset : new int[] {128 * 40, 6143, 7168, 0, 6200}) {
            assertEquals(0, shadow.write(offset, 1, writer.clock.stamp(2, Stamp.WEAK), writer.clock), "a write at " + offset);
        }
        assertTrue(shadow.write(6201, 1, writer.clock.stamp(2, Stamp.WEAK), writer.clock) != 0);
        TestWarp.barrier(reader, writer);
        assertTrue(shadow.writeRun(6144, 32, 16, writer.clock.stamp(3, Stamp.WEAK), writer.clock));
    }

    @Test
    void conflictsOfBanksAreCounted() {
        var shared = TestWarp.shared(8192);
        shared.poke(SharedMemory.SM_90_BASE, new byte[8192], 0, 8192);
        var warp = new TestWarp(0, 0, new Findings(10));
        long base = SharedMemory.SM_90_BASE;
        long[][] strides = {{4, 4, 1, 1}, {4, 8, 2, 1}, {4, 128, 32, 1}, {4, 132, 1, 1}, {4, 0, 1, 1}, {8, 8, 2, 2}, {8, 16, 4, 2}, {16, 16, 4, 4},
                {16, 144, 4, 4}, {16, 128, 32, 4}, {2, 2, 1, 1}, {1, 128, 32, 1}};
        for (int i = 0; i < strides.length; i++) {
            long[] s = strides[i];
            warp.at(i).load(shared, -1, (int) s[0], Access.WEAK, lane -> base + lane * s[1]);
            Traffic.Counts counts = warp.traffic.at(i);
            assertEquals(List.of(s[2], s[3], 32 * s[0]), List.of(counts.wavefronts(), counts.idealWavefronts(), counts.bytes()),
                    "stride " + s[1] + ", " + s[0] + " bytes");
        }
        assertEquals(List.of(), warp.findings.list());
    }

    @Test
    void aCopyInFlight_isLeftAlone_untilItHasLandedAndBeenWaitedFor() {
        var findings = new Findings(20);
        var shared = TestWarp.shared(4096);
        var global = new GlobalMemory(5);
        long source = global.allocate("source", new byte[256]);
        long place = SharedMemory.SM_90_BASE;
        var issuer = new TestWarp(0, 0, findings);
        var reader = new TestWarp(0, 1, findings);
        Flight flight = Flight.begin(issuer.at(1), 0, Flight.Kind.BULK, "the bulk copy");
        assertTrue(flight.reads(global, source, 256) && flight.writes(shared, place, 256));
        shared.poke(place, new byte[256], 0, 256);
        reader.at(2).loadRow(shared, place);
        assertEquals(List.of(Kind.MISSING_WAIT), reader.kinds());
        assertEquals(1, findings.list().getFirst().earlier().instruction().index());
        new TestWarp(3, 0, findings).at(3).storeRow(global, source);
        assertEquals(List.of(Kind.MISSING_WAIT, Kind.RACE), reader.kinds());
        flight.landed();
        reader.at(4).loadRow(shared, place);
        issuer.at(5).loadRow(shared, place);
        assertEquals(4, findings.list().size());
        assertEquals(3, reader.kinds().stream().filter(kind -> kind == Kind.MISSING_WAIT).count());
        reader.clock.acquire(flight.done(), -1);
        reader.at(6).loadRow(shared, place);
        assertEquals(4, findings.list().size());
    }

    @Test
    void theAsyncProxyReadsOnlyWhatTheWriterHasFenced_inTheRightSpace() {
        var findings = new Findings(20);
        var shared = TestWarp.shared(4096);
        long place = SharedMemory.SM_90_BASE;
        var writer = new TestWarp(0, 0, findings);
        var issuer = new TestWarp(0, 1, findings);
        writer.at(1).storeRow(shared, place);
        TestWarp.barrier(writer, issuer);
        Flight.begin(issuer.at(2), 0, Flight.Kind.BULK, "the bulk copy").reads(shared, place, 128);
        assertEquals(List.of(Kind.MISSING_FENCE), writer.kinds());
        writer.clock.proxyFence(-1, true, false);
        TestWarp.barrier(writer, issuer);
        Flight.begin(issuer.at(3), 0, Flight.Kind.BULK, "the bulk copy").reads(shared, place, 128);
        assertEquals(2, findings.list().size());
        writer.clock.proxyFence(0x7fffffff, false, true);
        TestWarp.barrier(writer, issuer);
        Flight.begin(issuer.at(4), 0, Flight.Kind.BULK, "the bulk copy").reads(shared, place, 128);
        assertEquals(3, findings.list().size());
        writer.clock.proxyFence(-1, false, true);
        Flight.begin(issuer.at(5), 0, Flight.Kind.BULK, "the bulk copy").reads(shared, place, 128);
        assertEquals(4, findings.list().size());
        TestWarp.barrier(writer, issuer);
        Flight.begin(issuer.at(6), 0, Flight.Kind.BULK, "the bulk copy").reads(shared, place, 128);
        assertEquals(4, findings.list().size());
    }
}
