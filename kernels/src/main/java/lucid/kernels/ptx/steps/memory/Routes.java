package lucid.kernels.ptx.steps.memory;

import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.SharedMemory;
import lucid.kernels.ptx.memory.Windows;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.text.syntax.Space;

/// The way from an instruction's state space to the memory that it means. Addresses are in [Warp#addresses], and a generic access replaces them by
/// addresses within their windows.
final class Routes {
    /// A load or a store; `out` and `bases` as for [lucid.kernels.ptx.memory.CheckedMemory#load].
    @FunctionalInterface
    interface Route {
        void go(Warp warp, int mask, int bytes, Access how, int[] words, int[] bases);
    }

    private Routes() {}

    static Route load(Form form, Space space) {
        return switch (space) {
            case GLOBAL -> (warp, mask, bytes, how, out, bases) -> warp.block.memory.global()
                    .load(warp, mask, warp.addresses, bytes, how, out, bases);
            case SHARED, SHARED_CTA -> Routes::loadShared;
            case SHARED_CLUSTER -> (warp, mask, bytes, how, out, bases) -> warp.block.memory.shared()
                    .load(warp, mask, warp.addresses, bytes, how, out, bases);
            case LOCAL -> (warp, mask, bytes, _, out, bases) -> warp.local.load(warp, mask, warp.addresses, bytes, out, bases);
            case CONST -> (warp, mask, bytes, _, out, bases) -> warp.block.memory.constants().load(warp, mask, warp.addresses, bytes, out, bases);
            case PARAM -> (warp, mask, bytes, _, out, bases) -> warp.block.memory.parameters().load(warp, mask, warp.addresses, bytes, out, bases);
            case GENERIC -> generic(load(form, Space.GLOBAL), load(form, Space.SHARED_CLUSTER), load(form, Space.LOCAL), load(form, Space.CONST),
                    load(form, Space.PARAM));
        };
    }

    static Route store(Form form, Space space) {
        return switch (space) {
            case GLOBAL -> (warp, mask, bytes, how, in, bases) -> warp.block.memory.global().store(warp, mask, warp.addresses, bytes, how, in, bases);
            case SHARED, SHARED_CTA -> Routes::storeShared;
            case SHARED_CLUSTER -> (warp, mask, bytes, how, in, bases) -> warp.block.memory.shared()
                    .store(warp, mask, warp.addresses, bytes, how, in, bases);
            case LOCAL -> (warp, mask, bytes, _, in, bases) -> warp.local.store(warp, mask, warp.addresses, bytes, in, bases);
            case CONST, PARAM -> throw form.refuse("." + space.text() + " memory cannot be written");
            case GENERIC -> generic(store(form, Space.GLOBAL), store(form, Space.SHARED_CLUSTER), store(form, Space.LOCAL),
                    (warp, mask, _, _, _, _) -> warp.block.memory.constants().store(warp, mask, warp.addresses),
                    (warp, mask, _, _, _, _) -> warp.block.memory.parameters().store(warp, mask, warp.addresses));
        };
    }

    /// A load from the block's own shared memory.
    static void loadShared(Warp warp, int mask, int bytes, Access how, int[] out, int[] bases) {
        int own = own(warp, mask, bytes, out, bases);
        if (own != 0) {
            warp.block.memory.shared().load(warp, own, warp.addresses, bytes, how, out, bases);
        }
    }

    /// A store there.
    static void storeShared(Warp warp, int mask, int bytes, Access how, int[] in, int[] bases) {
        int own = own(warp, mask, bytes, null, bases);
        if (own != 0) {
            warp.block.memory.shared().store(warp, own, warp.addresses, bytes, how, in, bases);
        }
    }

    /// The lanes of `mask` whose addresses lie in the block's own shared memory, after a finding for the others: `.shared` alone means
    /// `.shared::cta`.
    private static int own(Warp warp, int mask, int bytes, int[] out, int[] bases) {
        if (warp.block.cluster.blockCount() == 1) {
            return mask;
        }
        int foreign = foreign(warp, mask);
        for (int left = foreign; left != 0 && out != null; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            for (int w = 0; w << 2 < bytes; w++) {
                out[bases[w] + lane] = bytes >= 4 ? -1 : -1 >>> 32 - 8 * bytes;
            }
        }
        return mask & ~foreign;
    }

    /// The lanes that reach for another block's shared memory through `.shared::cta`, after a finding.
    static int foreign(Warp warp, int mask) {
        int foreign = warp.block.memory.shared().foreign(mask, warp.addresses);
        if (foreign != 0) {
            int lane = Integer.numberOfTrailingZeros(foreign);
            long address = warp.addresses[lane];
            warp.finding(Kind.OUT_OF_BOUNDS, lane, address, 0, "the address lies in the shared memory of the block of rank "
                    + SharedMemory.rankOf(address)
                    + " of the cluster; this form reaches only the block's own: use .shared::cluster", null);
        }
        return foreign;
    }

    private static Route generic(Route global, Route shared, Route local, Route constant, Route parameter) {
        return (warp, mask, bytes, how, words, bases) -> {
            for (int left = mask; left != 0; ) {
                Space space = Windows.spaceOf(warp.addresses[Integer.numberOfTrailingZeros(left)]);
                int same = inWindow(warp.addresses, left, space);
                Route route = switch (space) {
                    case SHARED -> shared;
                    case LOCAL -> local;
                    case CONST -> constant;
                    case PARAM -> parameter;
                    default -> global;
                };
                route.go(warp, same, bytes, how, words, bases);
                left &= ~same;
            }
        };
    }

    /// The lanes of `mask` in that window; their addresses become addresses within it. An address in no window is left to global memory, which
    /// reports it.
    static int inWindow(long[] addresses, int mask, Space space) {
        long base = space == Space.GENERIC ? 0 : Windows.base(space);
        int same = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            if (Windows.spaceOf(addresses[lane]) == space) {
                same |= 1 << lane;
                addresses[lane] -= base;
            }
        }
        return same;
    }
}
