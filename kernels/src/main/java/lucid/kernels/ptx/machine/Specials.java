package lucid.kernels.ptx.machine;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import lucid.kernels.ptx.text.SpecialRegister;

/// Fills the constant slots of a starting warp: literals, special registers, addresses of variables.
final class Specials {
    private Specials() {}

    static void fill(Warp warp, List<Decoding.Constant> constants) {
        for (Decoding.Constant constant : constants) {
            switch (constant) {
                case Decoding.Word(int slot, int bits) -> word(warp, slot, bits);
                case Decoding.Wide(int slot, long bits) -> wide(warp, slot, bits);
                case Decoding.SpecialWord(int slot, SpecialRegister register) -> special(warp, slot, register.name());
                case Decoding.VariableAddress(int slot, var variable, long offset, boolean wide) -> {
                    long address = warp.block.addressOf(variable) + offset;
                    if (wide) {
                        wide(warp, slot, address);
                    } else {
                        word(warp, slot, (int) address);
                    }
                }
            }
        }
    }

    private static void word(Warp warp, int slot, int bits) {
        Arrays.fill(warp.words, slot * 32, slot * 32 + 32, bits);
    }

    private static void wide(Warp warp, int slot, long bits) {
        Arrays.fill(warp.wides, slot * 32, slot * 32 + 32, bits);
    }

    private static void lanes(Warp warp, int slot, IntUnaryOperator value) {
        for (int lane = 0; lane < 32; lane++) {
            warp.words[slot * 32 + lane] = value.applyAsInt(lane);
        }
    }

    private static void special(Warp warp, int slot, String name) {
        Geometry.Size threads = warp.block.cluster.grid.geometry.block();
        int first = warp.index * 32;
        switch (name) {
            case "%tid.x" -> lanes(warp, slot, lane -> (first + lane) % threads.x());
            case "%tid.y" -> lanes(warp, slot, lane -> (first + lane) / threads.x() % threads.y());
            case "%tid.z" -> lanes(warp, slot, lane -> (first + lane) / (threads.x() * threads.y()));
            case "%laneid" -> lanes(warp, slot, lane -> lane);
            case "%lanemask_eq" -> lanes(warp, slot, lane -> 1 << lane);
            case "%lanemask_lt" -> lanes(warp, slot, lane -> (1 << lane) - 1);
            case "%lanemask_le" -> lanes(warp, slot, lane -> (2 << lane) - 1);
            case "%lanemask_gt" -> lanes(warp, slot, lane -> ~((2 << lane) - 1));
            case "%lanemask_ge" -> lanes(warp, slot, lane -> ~((1 << lane) - 1));
            default -> word(warp, slot, uniform(warp, name));
        }
    }

    private static int uniform(Warp warp, String name) {
        Block block = warp.block;
        Geometry geometry = block.cluster.grid.geometry;
        int dot = name.indexOf('.');
        if (dot > 0) {
            Geometry.Size size = vector(block, geometry, name.substring(0, dot));
            return switch (name.charAt(dot + 1)) {
                case 'x' -> size.x();
                case 'y' -> size.y();
                default -> size.z();
            };
        }
        return switch (name) {
            case "%warpid" -> warp.index;
            case "%nwarpid" -> geometry.warps();
            case "%smid" -> block.index % Grid.MULTIPROCESSORS;
            case "%nsmid" -> Grid.MULTIPROCESSORS;
            case "%gridid" -> 1;
            case "%dynamic_smem_size" -> geometry.dynamicShared();
            case "%total_smem_size", "%aggr_smem_size" -> block.memory.shared().size();
            case "%cluster_ctarank" -> block.rank;
            case "%cluster_nctarank" -> geometry.clusterBlocks();
            case "WARP_SZ" -> 32;
            default -> throw new IllegalStateException("special register " + name + " has no value before it is executed; read it with mov");
        };
    }

    /// A vector of indices or extents as a size; indices may be 0, which only this use does.
    private static Geometry.Size vector(Block block, Geometry geometry, String name) {
        Geometry.Size grid = geometry.grid();
        Geometry.Size cluster = geometry.cluster();
        return switch (name) {
            case "%ntid" -> geometry.block();
            case "%nctaid" -> grid;
            case "%ctaid" -> block.position;
            case "%cluster_nctaid" -> cluster;
            case "%cluster_ctaid" -> new Geometry.Size(block.position.x() % cluster.x(), block.position.y() % cluster.y(), block.position.z() % cluster.z());
            case "%clusterid" -> new Geometry.Size(block.position.x() / cluster.x(), block.position.y() / cluster.y(), block.position.z() / cluster.z());
            case "%nclusterid" -> new Geometry.Size(grid.x() / cluster.x(), grid.y() / cluster.y(), grid.z() / cluster.z());
            default -> throw new IllegalStateException("special register " + name + " is not known");
        };
    }
}
