package lucid.kernels.ptx.memory;

import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.memory.order.Clock;
import lucid.kernels.ptx.memory.order.Stamp;
import lucid.kernels.ptx.memory.shadow.Page;
import lucid.kernels.ptx.memory.shadow.Shadow;

/// Stores that have to be looked at lane by lane: strong ones, and those with a finding.
final class StoreLanes {
    private StoreLanes() {}

    /// Stores the lanes of `rest`; `mask` are all lanes of the instruction.
    static void store(CheckedMemory memory, Accessor who, int mask, int rest, long[] addresses, int bytes, Access how, int[] in, int[] bases) {
        for (int left = rest; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            Page page = memory.checked(who, lane, addresses[lane], bytes, "write");
            if (page != null) {
                lane(memory, who, mask, lane, page, addresses, bytes, how, in, bases);
            }
        }
    }

    private static void lane(CheckedMemory memory, Accessor who, int mask, int lane, Page page, long[] addresses, int bytes, Access how, int[] in,
            int[] bases) {
        long address = addresses[lane];
        int offset = (int) (address - page.address);
        Clock clock = who.clock();
        Shadow shadow = page.shadow;
        memory.lock(who, page);
        try {
            if (!shadow.flights.none() && shadow.flights.over(offset, bytes, true)) {
                Reports.inFlight(who, lane, memory, address, bytes, "writes", memory.flightOver(address, bytes, false));
            }
            if (shadow.nonCoherent()) {
                nonCoherentReader(memory, who, lane, shadow, address, offset);
            }
            long stamp = clock.stamp(who.instruction().index(), how.kind()) | lane;
            long earlier = shadow.writerAt(offset);
            int other = Stamp.lane(earlier);
            if ((earlier ^ stamp) >>> Stamp.LANE_BITS == 0 && other != lane && (mask >>> other & 1) != 0 && addresses[other] == address) {
                meet(memory, who, lane, page, offset, bytes, earlier, in, bases);
            } else {
                long conflict = shadow.write(offset, bytes, stamp, clock);
                if (conflict != 0) {
                    Reports.race(who, lane, memory, address, bytes, Lanes.value(in, bases, lane, bytes), conflict, "writes",
                            shadow.collidedWithRead() ? "read" : "written");
                }
            }
            if (how.strong()) {
                page.publish(offset, clock.publish(how));
            }
            shadow.ready.add(offset, bytes);
            Lanes.set(page.data, page.origin + offset, lane, bytes, in, bases);
        } finally {
            memory.unlock(who, page);
        }
    }

    private static void nonCoherentReader(CheckedMemory memory, Accessor who, int lane, Shadow shadow, long address, int offset) {
        long reader = shadow.nonCoherentReaderAt(offset);
        if (reader != 0 && who.instructionAt(Stamp.site(reader)).has("nc")) {
            Reports.nonCoherent(who, lane, memory, address, reader, false);
        }
    }

    /// Two lanes of one instruction at one place: tolerated when they write the same value.
    private static void meet(CheckedMemory memory, Accessor who, int lane, Page page, int offset, int bytes, long earlier, int[] in, int[] bases) {
        if (!Lanes.equal(page.data, page.origin + offset, lane, bytes, in, bases)) {
            Reports.laneConflict(who, lane, memory, page.address + offset, Lanes.value(in, bases, lane, bytes),
                    page.get(offset, Math.min(bytes, 8)), earlier);
        }
    }
}
