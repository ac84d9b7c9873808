package lucid.kernels.ptx.machine;

import java.util.function.ToIntFunction;
import lucid.kernels.ptx.machine.launch.Geometry;
import lucid.kernels.ptx.text.syntax.SpecialRegister;

/// Special registers (PTX ISA, "Special Registers"): what a starting warp puts into the slots that stand for them.
final class Specials {
    /// Fills one slot of a starting warp.
    @FunctionalInterface
    interface Filler {
        void fill(Warp warp, int slot);
    }

    /// The value in one lane, told from the number of the thread in the block and the block's shape.
    @FunctionalInterface
    private interface ByThread {
        int value(int thread, Geometry.Size block);
    }

    /// The value in one lane, told from its number.
    @FunctionalInterface
    private interface ByLane {
        int value(int lane);
    }

    private Specials() {}

    static Filler of(SpecialRegister register) {
        String name = register.name();
        return switch (name) {
            case "%tid.x" -> byThread((thread, block) -> thread % block.x());
            case "%tid.y" -> byThread((thread, block) -> thread / block.x() % block.y());
            case "%tid.z" -> byThread((thread, block) -> thread / (block.x() * block.y()));
            case "%laneid" -> byLane(lane -> lane);
            case "%lanemask_eq" -> byLane(lane -> 1 << lane);
            case "%lanemask_lt" -> byLane(lane -> (1 << lane) - 1);
            case "%lanemask_le" -> byLane(lane -> (2 << lane) - 1);
            case "%lanemask_gt" -> byLane(lane -> ~((2 << lane) - 1));
            case "%lanemask_ge" -> byLane(lane -> ~((1 << lane) - 1));
            default -> uniform(name.indexOf('.') > 0 ? component(name) : scalar(name));
        };
    }

    private static Filler byThread(ByThread value) {
        return (warp, slot) -> {
            Geometry.Size block = warp.block.cluster.grid.geometry.block();
            for (int lane = 0; lane < 32; lane++) {
                warp.words[slot * 32 + lane] = value.value(warp.index * 32 + lane, block);
            }
        };
    }

    private static Filler byLane(ByLane value) {
        return (warp, slot) -> {
            for (int lane = 0; lane < 32; lane++) {
                warp.words[slot * 32 + lane] = value.value(lane);
            }
        };
    }

    private static Filler uniform(ToIntFunction<Warp> value) {
        return (warp, slot) -> warp.fillWord(slot, value.applyAsInt(warp));
    }

    private static ToIntFunction<Warp> scalar(String name) {
        return switch (name) {
            case "%warpid" -> warp -> warp.index;
            case "%nwarpid" -> warp -> geometry(warp).warps();
            case "%smid" -> warp -> warp.block.index % Grid.MULTIPROCESSORS;
            case "%nsmid" -> _ -> Grid.MULTIPROCESSORS;
            case "%gridid" -> _ -> 1;
            case "%dynamic_smem_size" -> warp -> geometry(warp).dynamicShared();
            case "%total_smem_size", "%aggr_smem_size" -> warp -> warp.block.memory.shared().size();
            case "%cluster_ctarank" -> warp -> warp.block.rank;
            case "%cluster_nctarank" -> warp -> geometry(warp).clusterBlocks();
            case "WARP_SZ" -> _ -> 32;
            default -> throw new IllegalStateException("special register " + name + " has no value before it is executed; read it with mov");
        };
    }

    private static ToIntFunction<Warp> component(String name) {
        int dot = name.indexOf('.');
        String vector = name.substring(0, dot);
        return switch (name.charAt(dot + 1)) {
            case 'x' -> warp -> vector(warp.block, vector).x();
            case 'y' -> warp -> vector(warp.block, vector).y();
            default -> warp -> vector(warp.block, vector).z();
        };
    }

    private static Geometry geometry(Warp warp) {
        return warp.block.cluster.grid.geometry;
    }

    /// A vector of extents or of indices, which may be 0.
    private static Geometry.Size vector(Block block, String name) {
        Geometry geometry = block.cluster.grid.geometry;
        Geometry.Size grid = geometry.grid();
        Geometry.Size cluster = geometry.cluster();
        Geometry.Size at = block.position;
        return switch (name) {
            case "%ntid" -> geometry.block();
            case "%nctaid" -> grid;
            case "%ctaid" -> at;
            case "%cluster_nctaid" -> cluster;
            case "%cluster_ctaid" -> new Geometry.Size(at.x() % cluster.x(), at.y() % cluster.y(), at.z() % cluster.z());
            case "%clusterid" -> new Geometry.Size(at.x() / cluster.x(), at.y() / cluster.y(), at.z() / cluster.z());
            case "%nclusterid" -> new Geometry.Size(grid.x() / cluster.x(), grid.y() / cluster.y(), grid.z() / cluster.z());
            default -> throw new IllegalStateException("special register " + name + " is not known");
        };
    }
}
