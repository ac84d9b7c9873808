package lucid.kernels.ptx.async;

import java.util.List;
import lucid.kernels.ptx.async.region.Reduction;
import lucid.kernels.ptx.async.region.Region;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.CheckedMemory;
import lucid.kernels.ptx.memory.Windows;
import lucid.kernels.ptx.steps.Form;
import lucid.kernels.ptx.tensor.form.Swizzle;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;

/// `cp.async.bulk.tensor`, `cp.reduce.async.bulk.tensor` and their prefetch, tile mode, 1 to 5 dimensions
/// (PTX ISA, "Data Movement and Conversion Instructions: cp.async.bulk.tensor").
final class TensorSteps {
    private TensorSteps() {}

    /// `[map, {c0, ...}]`.
    ///
    /// @param coordinates indices of lane 0 of each coordinate's register
    private record Operands(Location map, int[] coordinates) {
        static Operands of(Form form, int i, int rank) {
            if (!(form.operand(i) instanceof Operand.TensorAddress(Operand.Address map, List<Operand> coordinates))) {
                throw form.refuse("operand " + (i + 1) + " must be a tensor operand [map, {c0, ...}]");
            }
            if (coordinates.size() != rank) {
                throw form.refuse("found " + coordinates.size() + " coordinates, wanted " + rank);
            }
            int[] at = coordinates.stream().mapToInt(c -> form.word(c, PtxType.S32)).toArray();
            return new Operands(Location.of(form.at(), form.context(), map, Space.GENERIC), at);
        }

        int[] corner(Warp warp, int lane) {
            int[] corner = new int[coordinates.length];
            for (int d = 0; d < corner.length; d++) {
                corner[d] = warp.words[coordinates[d] + lane];
            }
            return corner;
        }

        /// The map, or null after a finding.
        TensorMap read(Warp warp, int lane) {
            long address = map.at(warp, lane);
            Space space = Windows.spaceOf(address);
            byte[] bytes = switch (space) {
                case PARAM -> warp.block.memory.parameters().peek(address - Windows.PARAMETER, TensorMap.BYTES);
                case CONST -> warp.block.memory.constants().peek(address - Windows.CONSTANT, TensorMap.BYTES);
                case GLOBAL -> global(warp, address);
                default -> null;
            };
            TensorMap found = bytes == null ? null : TensorMap.decode(bytes);
            if ((address & TensorMap.ALIGNMENT - 1) != 0) {
                warp.finding(Kind.MISALIGNED, lane, address, 0, "a tensor map must lie at a multiple of 64", null);
            } else if (found == null) {
                warp.finding(Kind.ILLEGAL_OPERAND, lane, address, 0, bytes == null ? "a tensor map must lie in .param, .const or .global memory, by "
                        + "its generic address (cvta)"
                        : "the 128 bytes here are no tensor map", null);
            } else if (found.rank() != coordinates.length) {
                warp.finding(Kind.ILLEGAL_OPERAND, lane, address, found.rank(), "the tensor map has rank " + found.rank() + ", the instruction has "
                        + coordinates.length + " coordinates", null);
            } else {
                return found;
            }
            return null;
        }

        private static byte[] global(Warp warp, long address) {
            byte[] bytes = new byte[TensorMap.BYTES];
            return warp.block.memory.global().peek(address, bytes, 0, bytes.length) ? bytes : null;
        }
    }

    /// `.1d` to `.5d`.
    private static int rank(Form form) {
        return form.oneOf("1d", "2d", "3d", "4d", "5d").charAt(0) - '0';
    }

    /// After `cp.async.bulk.tensor`.
    static Step copy(Form form) {
        int rank = rank(form);
        return form.oneOf("shared::cluster", "global").equals("global") ? store(form, rank, false) : load(form, rank);
    }

    /// `.shared::cluster.global{.tile}.mbarrier::complete_tx::bytes{.multicast::cluster}{.L2::cache_hint} [dst], [map, {c}], [mbar]{, ctaMask}{,
    /// policy}`.
    private static Step load(Form form, int rank) {
        form.oneOf("global");
        form.take("tile");
        form.oneOf("mbarrier::complete_tx::bytes");
        boolean multicast = form.take("multicast::cluster");
        int hint = BulkSteps.hint(form);
        form.end(3 + (multicast ? 1 : 0) + hint);
        Location target = Location.of(form.at(), form.context(), 0, Space.SHARED_CLUSTER);
        Operands source = Operands.of(form, 1, rank);
        Location mbarrier = Location.of(form.at(), form.context(), 2, Space.SHARED_CLUSTER);
        int ranks = multicast ? form.word(3, PtxType.U16) : -1;
        BulkSteps.policy(form, hint, multicast ? 4 : 3);
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                TensorMap map = source.read(warp, lane);
                long to = target.at(warp, lane);
                if (map != null && legal(warp, lane, map, to)) {
                    var box = new Region.Box(warp.block.memory.global(), map, source.corner(warp, lane));
                    BulkSteps.load(warp, lane, box, to, mbarrier.at(warp, lane), ranks < 0 ? 0 : warp.words[ranks + lane] & 0xffff | 1 << 16,
                            (shared, address) -> image(map, shared, address));
                }
            }
            return Step.NEXT;
        };
    }

    private static Region image(TensorMap map, CheckedMemory shared, long address) {
        return map.swizzle() == Swizzle.NONE ? new Region.Linear(shared, address, map.boxBytes())
                : new Region.Swizzled(shared, address, map.boxBytes(), map.swizzle());
    }

    /// Shared memory of a tensor copy begins at a multiple of 128, or of the swizzle's pattern.
    private static boolean legal(Warp warp, int lane, TensorMap map, long shared) {
        int alignment = Math.max(128, map.swizzle().pattern());
        if ((shared & alignment - 1) != 0) {
            warp.finding(Kind.MISALIGNED, lane, shared, 0, "shared memory of a tensor copy with swizzle " + map.swizzle()
                    + " is not at a multiple of " + alignment
                    + (alignment > 128 ? ", the swizzle's pattern" : ""), null);
            return false;
        }
        if (map.swizzle() != Swizzle.NONE && map.rowBytes() != map.swizzle().width()) {
            warp.finding(Kind.ILLEGAL_OPERAND, lane, shared, map.rowBytes(), "the box has rows of " + map.rowBytes() + " bytes with swizzle "
                    + map.swizzle()
                    + "; rows narrower than the swizzle are not supported, make the inner box extent " + map.swizzle().width() / map.type()
                            .bytes(), null);
            return false;
        }
        return true;
    }

    /// After `cp.reduce.async.bulk.tensor`: `.dim.global.shared::cta.redOp{.tile}.bulk_group{.L2::cache_hint} [map, {c}], [src]{, policy}`.
    static Step reduce(Form form) {
        int rank = rank(form);
        form.oneOf("global");
        return store(form, rank, true);
    }

    /// `.global.shared::cta{.redOp}{.tile}.bulk_group{.L2::cache_hint} [map, {c}], [src]{, policy}`.
    private static Step store(Form form, int rank, boolean reduce) {
        form.oneOf("shared::cta");
        String op = !reduce ? null : form.oneOf(Reduction.OPS.toArray(String[]::new));
        form.take("tile");
        form.oneOf("bulk_group");
        int hint = BulkSteps.hint(form);
        form.end(2 + hint);
        Operands target = Operands.of(form, 0, rank);
        Location source = Location.of(form.at(), form.context(), 1, Space.SHARED_CTA);
        BulkSteps.policy(form, hint, 2);
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                TensorMap map = target.read(warp, lane);
                long from = source.at(warp, lane);
                if (map != null && legal(warp, lane, map, from)) {
                    store(warp, lane, map, target.corner(warp, lane), from, op);
                }
            }
            return Step.NEXT;
        };
    }

    private static void store(Warp warp, int lane, TensorMap map, int[] corner, long from, String op) {
        Reduction reduction = op == null ? null : new Reduction(op, map.type().reduced(op));
        if (reduction != null && !reduction.legal()) {
            warp.finding(Kind.ILLEGAL_OPERAND, lane, from, 0, "no ." + op + " on tensors of type " + map.type(), null);
            return;
        }
        BulkSteps.store(warp, lane, image(map, warp.block.memory.shared(), from), new Region.Box(warp.block.memory.global(), map, corner), reduction);
    }

    /// `cp.async.bulk.prefetch.tensor.dim.L2.global{.tile}{.L2::cache_hint} [map, {c}]{, policy}`: no effect but the checks of its operands.
    static Step prefetch(Form form) {
        int rank = rank(form);
        form.oneOf("L2");
        form.oneOf("global");
        form.take("tile");
        int hint = BulkSteps.hint(form);
        form.end(1 + hint);
        Operands source = Operands.of(form, 0, rank);
        BulkSteps.policy(form, hint, 1);
        return (warp, mask) -> {
            for (int left = mask; left != 0; left &= left - 1) {
                source.read(warp, Integer.numberOfTrailingZeros(left));
            }
            return Step.NEXT;
        };
    }
}
