package lucid.kernels.ptx.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import lucid.kernels.ptx.check.Findings;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.memory.HappensBefore.Event;
import lucid.kernels.ptx.memory.order.Access;
import org.junit.jupiter.api.Test;

/// Random accesses and synchronisations of a few warps: the compressed race check says what the definition says, up to the first race of every trial.
class RaceOracleTest {
    private static final int WARPS = 4;
    private static final int BYTES = 1024;

    private int races;
    private int clean;
    private int missed;

    @Test
    void inSharedMemory_everyFirstRaceIsFound_andNothingElse() {
        for (int seed = 0; seed < 2000; seed++) {
            trial(seed, true);
        }
        assertTrue(races > 1000 && clean > 10_000, races + " races, " + clean + " accesses without");
        assertTrue(missed * 100 < races, missed + " of " + races + " missed (a lane overwriting what a neighbour had read, and another warp since)");
    }

    @Test
    void inGlobalMemory_nothingElseIsFound_andHardlyAnyIsMissed() {
        for (int seed = 0; seed < 2000; seed++) {
            trial(seed, false);
        }
        assertTrue(races > 1000 && clean > 10_000, races + " races, " + clean + " accesses without");
        assertTrue(missed * 50 < races, missed + " of " + races + " missed");
    }

    private void trial(int seed, boolean inShared) {
        var random = new SplittableRandom(seed);
        CheckedMemory memory = inShared ? TestWarp.shared(BYTES) : new GlobalMemory(seed);
        long base = inShared ? SharedMemory.SM_90_BASE : ((GlobalMemory) memory).allocateZero("x", BYTES);
        memory.poke(base, new byte[BYTES], 0, BYTES);
        var oracle = new HappensBefore(WARPS);
        Findings[] current = {new Findings(10)};
        var warps = new TestWarp[WARPS];
        for (int w = 0; w < WARPS; w++) {
            warps[w] = new TestWarp(inShared ? 0 : w / 2, inShared ? w : w % 2, null) {
                @Override
                public Findings findings() {
                    return current[0];
                }
            };
        }
        for (int step = 0; step < 60; step++) {
            if (random.nextInt(3) != 0) {
                synchronise(random, warps, oracle);
            } else if (!access(random, 1 + seed % WARPS, warps, oracle, memory, base, current, "seed " + seed + " step " + step, inShared)) {
                return;
            }
        }
    }

    private static void synchronise(SplittableRandom random, TestWarp[] warps, HappensBefore oracle) {
        int w = random.nextInt(WARPS);
        switch (random.nextInt(4)) {
            case 0 -> {
                int mask = random.nextInt(3) == 0 ? random.nextInt() : -1;
                warps[w].clock.warpSync(mask);
                oracle.warpSync(w, mask);
            }
            case 1 -> {
                int other = random.nextInt(WARPS);
                int mask = random.nextInt(3) == 0 ? random.nextInt() : -1;
                warps[other].clock.acquire(warps[w].clock.release(), mask);
                oracle.acquire(other, oracle.release(w), mask);
            }
            default -> barrier(random.nextInt(4) == 0 ? random.nextInt(16) : 15, warps, oracle);
        }
    }

    private static void barrier(int members, TestWarp[] warps, HappensBefore oracle) {
        var released = new BitSet();
        var all = new ArrayList<TestWarp>();
        for (int w = 0; w < WARPS; w++) {
            if ((members >>> w & 1) != 0) {
                all.add(warps[w]);
                released.or(oracle.release(w));
            }
        }
        TestWarp.barrier(all.toArray(TestWarp[]::new));
        for (int w = 0; w < WARPS; w++) {
            if ((members >>> w & 1) != 0) {
                oracle.acquire(w, released, -1);
                oracle.warpSync(w, -1);
            }
        }
    }

    /// One access by one of the first `busy` warps; false after the first race.
    private boolean access(SplittableRandom random, int busy, TestWarp[] warps, HappensBefore oracle, CheckedMemory memory, long base,
            Findings[] findings, String where, boolean exact) {
        int w = random.nextInt(busy);
        boolean write = random.nextInt(2 + busy) == 0;
        int bytes = 1 << random.nextInt(5);
        int mask = mask(random);
        long[] addresses = addresses(random, base, bytes, write);
        var events = new ArrayList<Event>();
        for (int lane = 0; lane < 32; lane++) {
            if ((mask >>> lane & 1) != 0) {
                events.add(new Event(w, lane, addresses[lane], bytes, write));
            }
        }
        List<Event> expected = events.stream().flatMap(e -> oracle.races(e).stream()).toList();
        events.forEach(oracle::add);
        findings[0] = new Findings(10);
        if (write) {
            warps[w].at(random.nextInt(60)).store(memory, mask, bytes, Access.WEAK, lane -> addresses[lane]);
        } else {
            warps[w].at(random.nextInt(60)).load(memory, mask, bytes, Access.WEAK, lane -> addresses[lane]);
        }
        boolean found = !findings[0].list().isEmpty();
        assertTrue(findings[0].list().stream().allMatch(f -> f.kind() == Kind.RACE), () -> where + findings[0].list());
        if (expected.isEmpty()) {
            assertEquals(List.of(), findings[0].list(), where);
            clean++;
            return true;
        }
        races++;
        if (!found) {
            missed++;
            assertTrue(!exact || expected.stream().allMatch(e -> e.warp() == w && !e.write()), () -> where + " missed " + expected);
        }
        return false;
    }

    /// All lanes, some, or one of the first four.
    private static int mask(SplittableRandom random) {
        int some = random.nextInt();
        int mask = switch (random.nextInt(6)) {
            case 0, 1 -> -1;
            case 2 -> some;
            default -> 1 << (some & 3);
        };
        return mask == 0 ? 1 : mask;
    }

    /// Neighbouring places, a permutation of them, a stride, or (for reads) few places for many lanes.
    private static long[] addresses(SplittableRandom random, long base, int bytes, boolean write) {
        long[] addresses = new long[32];
        int row = 32 * bytes;
        long start = base + (long) random.nextInt((BYTES - row) / bytes / 8 + 1) * bytes * 8;
        int flip = random.nextInt(2) * random.nextInt(32);
        int kind = random.nextInt(write ? 3 : 4);
        for (int lane = 0; lane < 32; lane++) {
            int place = switch (kind) {
                case 0 -> lane;
                case 1 -> lane ^ flip;
                case 2 -> lane * 5 & 31;
                default -> lane & flip;
            };
            addresses[lane] = start + (long) place * bytes;
        }
        return addresses;
    }
}
