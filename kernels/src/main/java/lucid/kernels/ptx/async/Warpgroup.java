package lucid.kernels.ptx.async;

import java.util.Arrays;
import java.util.function.Supplier;
import lucid.kernels.ptx.async.work.Product;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.tensor.form.MatrixDescriptor;
import lucid.kernels.ptx.tensor.form.SharedView;

/// Four consecutive warps that run `wgmma` together: each comes to the instruction and waits until all four are there.
final class Warpgroup {
    /// One warp at a product.
    ///
    /// @param step the instruction
    /// @param a descriptor of A, or 0 when A is in registers
    private record Arrival(WgmmaSteps.Multiply step, long a, long b, boolean scaleD) {}

    private final BlockAsync home;
    private final int first;
    private final Arrival[] arrivals = new Arrival[4];
    /// Warps whose product has been issued, and which have not gone on yet.
    private int issued;
    private Product newest;
    private final Supplier<String> missing = this::missing;

    Warpgroup(BlockAsync home, int index) {
        this.home = home;
        this.first = 4 * index;
    }

    /// True when the block has all four warps.
    boolean whole() {
        return first + 4 <= home.block.warpCount();
    }

    /// Whether the warp has come to its product before, and tries again to go on.
    boolean knows(Warp warp) {
        int w = warp.index - first;
        return arrivals[w] != null || (issued >>> w & 1) != 0;
    }

    /// A warp that has come before goes on, if its product has been issued; else it waits.
    int proceed(Warp warp) {
        int bit = 1 << warp.index - first;
        if ((issued & bit) == 0) {
            return warp.await(missing);
        }
        issued &= ~bit;
        return Step.NEXT;
    }

    /// A warp comes to a product.
    int join(Warp warp, WgmmaSteps.Multiply step, long a, long b, boolean scaleD) {
        int w = warp.index - first;
        arrivals[w] = new Arrival(step, a, b, scaleD);
        compare(warp, arrivals[w]);
        for (Arrival arrival : arrivals) {
            if (arrival == null) {
                return warp.await(missing);
            }
        }
        issue(warp, arrivals[w]);
        Arrays.fill(arrivals, null);
        issued = 0b1111 & ~(1 << w);
        home.changed();
        return Step.NEXT;
    }

    /// What the four warps bring must agree.
    private void compare(Warp warp, Arrival mine) {
        for (int w = 0; w < 4; w++) {
            Arrival other = arrivals[w];
            if (other == null || other == mine) {
                continue;
            }
            if (other.step != mine.step) {
                warp.finding(Kind.DIVERGENT_COLLECTIVE, -1, "warp " + (first + w)
                        + " of the same warpgroup is at another wgmma: all four warps must run the same instruction");
            } else if (other.a != mine.a || other.b != mine.b || other.scaleD != mine.scaleD) {
                warp.finding(Kind.DIVERGENT_COLLECTIVE, -1, "matrix descriptors or scale-d differ from those of warp " + (first + w) + " (A "
                        + hex(other.a) + " and " + hex(mine.a)
                        + ", B " + hex(other.b) + " and " + hex(mine.b) + "): they must be the same in all four warps");
            }
            return;
        }
    }

    private static String hex(long descriptor) {
        return "0x" + Long.toHexString(descriptor);
    }

    private void issue(Warp last, Arrival with) {
        WgmmaSteps.Multiply step = with.step;
        MatrixDescriptor left;
        MatrixDescriptor right;
        ReadRanges read;
        try {
            left = step.a() == null ? MatrixDescriptor.decode(with.a) : null;
            right = MatrixDescriptor.decode(with.b);
            read = step.ranges().computeIfAbsent(new ReadRanges.Key(with.a, with.b), _ -> ReadRanges.of(step.unit(), left, right));
        } catch (IllegalArgumentException e) {
            last.finding(Kind.ILLEGAL_OPERAND, -1, e.getMessage());
            return;
        }
        var shared = last.block.memory.shared();
        int[][] files = new int[4][];
        for (int w = 0; w < 4; w++) {
            files[w] = last.block.warp(first + w).words;
        }
        var view = new SharedView(shared.bytes(), (int) (shared.first() & 0xffffff));
        var product = new Product(last, step.unit(), files, step.d(), step.a(), left, right, with.scaleD, view,
                newest == null || newest.done() ? null : newest);
        for (int w = 0; w < 4; w++) {
            Warp warp = last.block.warp(first + w);
            home.state(first + w).issue(warp, step, product, read.claim(warp, home.state(first + w), w));
        }
        newest = product;
        home.issued(product);
    }

    /// Which warps are missing, for the dead-lock report.
    private String missing() {
        var text = new StringBuilder("warps");
        for (int w = 0; w < 4; w++) {
            if (arrivals[w] == null) {
                text.append(' ').append(first + w);
            }
        }
        return text.append(" of the warpgroup, which have not come to this wgmma").toString();
    }
}
