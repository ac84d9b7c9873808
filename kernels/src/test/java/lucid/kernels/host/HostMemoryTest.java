package lucid.kernels.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import org.junit.jupiter.api.Test;

/// Nobody writes to these buffers, so they are addresses and no memory.
class HostMemoryTest {
    private static final int BUFFERS = 8;

    @Test void stepsOfOneSizeTakeFromTheSystemOnce() {
        try (HostMemory memory = new HostMemory("test")) {
            step(memory, i -> (i + 1) * 3_000_000);
            long first = memory.heldBytes();
            for (int i = 0; i < 50; i++) step(memory, j -> (j + 1) * 3_000_000);
            assertEquals(first, memory.heldBytes());
        }
    }

    /// Sequences whose lengths are never the same.
    @Test void stepsOfEverOtherSizesHoldAtMostTwiceWhatLives() {
        SplittableRandom random = new SplittableRandom(3);
        holdsAtMostTwice(_ -> random.nextInt(1, 100_000_000));
        int[] length = {0};
        holdsAtMostTwice(_ -> length[0] += 60_000);
    }

    private static void holdsAtMostTwice(IntUnaryOperator sizes) {
        try (HostMemory memory = new HostMemory("test")) {
            for (int i = 0; i < 200; i++) {
                step(memory, sizes);
                long most = 2 * (memory.peakBytes() * 9 / 8) + (64 << 20);
                assertTrue(memory.heldBytes() <= most, memory.heldBytes() + " held, live at most " + memory.peakBytes());
                assertEquals(0, memory.liveBytes());
            }
        }
    }

    /// What was planned to fit must not fail for what it no longer uses.
    @Test void nothingIdleIsKeptBeyondTheLimit() {
        SplittableRandom random = new SplittableRandom(3);
        for (long limit : new long[] {0, 1L << 30, 3L << 30, 8L << 30}) {
            try (HostMemory memory = new HostMemory("test")) {
                memory.limit(limit);
                for (int i = 0; i < 200; i++) {
                    step(memory, _ -> random.nextInt(1, 100_000_000));
                    // Classes are an eighth apart; blocks of twice the size fill half the limit at most.
                    long most = Math.max(limit, memory.peakBytes() * 9 / 8 + limit / 4);
                    assertTrue(memory.heldBytes() <= most, memory.heldBytes() + " held of " + limit + ", live at most " + memory.peakBytes());
                }
            }
        }
    }

    private static void step(HostMemory memory, IntUnaryOperator sizes) {
        List<Buffer> open = new ArrayList<>();
        for (int i = 0; i < BUFFERS; i++) open.add(memory.allocate(DType.F32, sizes.applyAsInt(i)));
        open.forEach(Buffer::close);
    }

    @Test void anIdleBlockOfUpToTwiceTheSizeWillDo() {
        try (HostMemory memory = new HostMemory("test")) {
            HostBuffer large = memory.allocate(DType.F32, 1024);
            long address = large.segment().address();
            large.close();
            long held = memory.heldBytes();
            try (HostBuffer half = memory.allocate(DType.F32, 512)) {
                assertEquals(address, half.segment().address());
                assertEquals(2048, memory.liveBytes(), "what was asked for counts");
            }
            memory.allocate(DType.F32, 100).close();
            assertTrue(memory.heldBytes() > held, "a small buffer leaves the large block alone");
            try (HostBuffer again = memory.allocate(DType.F32, 1024)) {
                assertEquals(address, again.segment().address(), "the block goes back to its own class");
            }
        }
    }
}
