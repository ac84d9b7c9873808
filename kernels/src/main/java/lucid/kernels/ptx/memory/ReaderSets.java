package lucid.kernels.ptx.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Sets of concurrent readers of a block's shared memory, kept once each: neighbouring granules have the same readers, so sets are few.
///
/// A handle is a stamp-sized number whose kind is 0; it carries the set's index above [Stamp#IDENTITY].
final class ReaderSets {
    /// Sets after which those that no granule refers to any more are dropped.
    private static final int LIMIT = 1 << 14;

    private record Step(long from, long added, long now) {
        @Override
        public int hashCode() {
            return mix((from * 31 + added) * 31 + now);
        }
    }

    private final List<Granules> users = new ArrayList<>();
    private int limit = LIMIT;
    private final List<long[]> sets = new ArrayList<>(List.of(new long[0]));
    private final Map<Step, Long> steps = new HashMap<>();
    private final Map<Key, Long> known = new HashMap<>();
    private Step lastStep;
    private long lastHandle;

    private record Key(long[] stamps, int hash) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && Arrays.equals(stamps, key.stamps);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    /// The set `older` and the reader `added`, without readings of the agent that reads `now`: its own earlier ones come before its later ones.
    long with(long older, long added, long now) {
        long base = Stamp.withLane(added, Stamp.MANY);
        long agent = now >>> 8 & 0x1fffffL;
        if (lastStep != null && lastStep.from == older && lastStep.added == base && lastStep.now == agent) {
            return lastHandle;
        }
        var step = new Step(older, base, agent);
        Long handle = steps.get(step);
        if (handle == null) {
            handle = add(older, base, now);
            steps.put(step, handle);
        }
        lastStep = step;
        lastHandle = handle;
        return handle;
    }

    private long add(long older, long added, long now) {
        long[] before = sets.get(index(older));
        long[] after = new long[before.length + 1];
        int n = 0;
        for (long stamp : before) {
            if (!Stamp.sameAgent(stamp, now) && !Stamp.sameAgent(stamp, added)) {
                after[n++] = stamp;
            }
        }
        after[n++] = added;
        long[] stamps = Arrays.copyOf(after, n);
        Arrays.sort(stamps);
        return known.computeIfAbsent(new Key(stamps, hash(stamps)), _ -> {
            sets.add(stamps);
            return (long) sets.size() - 1 << Stamp.IDENTITY;
        });
    }

    private static int hash(long[] stamps) {
        long sum = 0;
        for (long stamp : stamps) {
            sum = sum * 31 + stamp;
        }
        return mix(sum);
    }

    /// Stamps and handles differ in high bits first, which the low bits of a sum, the ones that choose a bucket, do not show; those of its product with 2^64 / phi do.
    private static int mix(long sum) {
        return (int) (sum * 0x9E3779B97F4A7C15L >>> 32);
    }

    private static int index(long handle) {
        return (int) (handle >>> Stamp.IDENTITY);
    }

    /// The first reader of the set that has not happened before what `lane` does now; 0 for none.
    long unordered(long handle, Clock clock, int lane) {
        for (long stamp : sets.get(index(handle))) {
            if (!clock.own(stamp) && !clock.before(stamp, lane)) {
                return stamp;
            }
        }
        return 0;
    }

    /// A page that will refer to these sets.
    void addUser(Granules page) {
        users.add(page);
    }

    /// Drops what is no longer referred to when there are many sets: every barrier of a long loop leaves some behind. To be called while nobody holds a handle
    /// but the pages.
    void tidy() {
        if (sets.size() < limit) {
            return;
        }
        List<long[]> old = List.copyOf(sets);
        var moved = new HashMap<Long, Long>();
        sets.subList(1, sets.size()).clear();
        steps.clear();
        known.clear();
        lastStep = null;
        users.forEach(user -> user.replaceSecond(handle -> moved.computeIfAbsent(handle, h -> {
            sets.add(old.get(index(h)));
            return (long) sets.size() - 1 << Stamp.IDENTITY;
        })));
        limit = Math.max(LIMIT, 2 * sets.size());
    }

    /// How many sets there are.
    int size() {
        return sets.size();
    }
}
