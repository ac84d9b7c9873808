package lucid.kernels.ptx.memory;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// The race check as its definition says, without any compression: every access is remembered, and every warp keeps the set of accesses that
/// have happened before. An oracle for [lucid.kernels.ptx.memory.shadow.Shadow] and [lucid.kernels.ptx.memory.order.Clock], which it shares nothing
/// with.
final class HappensBefore {
    record Event(int warp, int lane, long address, int bytes, boolean write) {
        boolean collides(Event other) {
            return address < other.address + other.bytes && other.address < address + bytes && (write || other.write);
        }
    }

    private final List<Event> events = new ArrayList<>();
    private final BitSet[] known;
    private final BitSet[] own;
    private final BitSet[][] lanes;

    HappensBefore(int warps) {
        known = new BitSet[warps];
        own = new BitSet[warps];
        lanes = new BitSet[warps][32];
        for (int w = 0; w < warps; w++) {
            known[w] = new BitSet();
            own[w] = new BitSet();
            for (int lane = 0; lane < 32; lane++) {
                lanes[w][lane] = new BitSet();
            }
        }
    }

    BitSet release(int warp) {
        BitSet all = (BitSet) known[warp].clone();
        all.or(own[warp]);
        return all;
    }

    void acquire(int warp, BitSet released, int mask) {
        known[warp].or(released);
        BitSet mine = (BitSet) released.clone();
        mine.and(own[warp]);
        for (int lane = 0; lane < 32; lane++) {
            if ((mask >>> lane & 1) != 0) {
                lanes[warp][lane].or(mine);
            }
        }
    }

    void warpSync(int warp, int mask) {
        for (int lane = 0; lane < 32; lane++) {
            if ((mask >>> lane & 1) != 0) {
                lanes[warp][lane].or(own[warp]);
            }
        }
    }

    /// Earlier accesses that race with this one.
    List<Event> races(Event event) {
        List<Event> found = new ArrayList<>();
        for (int e = 0; e < events.size(); e++) {
            Event earlier = events.get(e);
            boolean before = earlier.warp != event.warp ? known[event.warp].get(e) : earlier.lane == event.lane
                    || lanes[event.warp][event.lane].get(e);
            if (!before && earlier.collides(event)) {
                found.add(earlier);
            }
        }
        return found;
    }

    void add(Event event) {
        own[event.warp].set(events.size());
        events.add(event);
    }
}
