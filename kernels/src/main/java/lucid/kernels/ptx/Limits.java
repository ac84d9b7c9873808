package lucid.kernels.ptx;

import java.util.Arrays;
import lucid.kernels.ptx.machine.launch.Geometry;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Variable;

/// What a card can launch (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability").
final class Limits {
    private static final int MAX_THREADS = 1024;
    private static final int MAX_BLOCK_Z = 64;
    private static final int MAX_GRID_YZ = 65_535;
    /// 8 is what every card promises; 16 needs an attribute that a driver grants.
    private static final int MAX_CLUSTER = 16;
    private static final int KB = 1024;
    private static final int MAX_STATIC_SHARED = 48 * KB;

    private static final int MAX_LOCAL = 512 * KB;
    /// The assembler takes any number of virtual registers; no kernel that a person reads comes near this one.
    private static final int MAX_REGISTERS = 1 << 14;

    private Limits() {}

    /// The geometry of a launch, or what is wrong with it.
    static Geometry check(PtxModule module, Entry entry, Geometry.Size grid, Geometry.Size block, Geometry.Size wantedCluster, int dynamicShared) {
        positive("grid", grid);
        positive("block", block);
        if (block.count() > MAX_THREADS || block.z() > MAX_BLOCK_Z) {
            throw refuse("block " + block + " has " + block.count() + " threads; at most " + MAX_THREADS + ", and " + MAX_BLOCK_Z + " in z");
        }
        if (grid.y() > MAX_GRID_YZ || grid.z() > MAX_GRID_YZ || grid.count() > Integer.MAX_VALUE) {
            throw refuse("grid " + grid + "; at most 2^31 - 1 blocks, and " + MAX_GRID_YZ + " in y and in z");
        }
        threads(entry, block);
        Geometry.Size cluster = cluster(module, entry, grid, wantedCluster);
        shared(module, entry, dynamicShared);
        perThread(entry);
        return new Geometry(grid, block, cluster, dynamicShared);
    }

    private static void threads(Entry entry, Geometry.Size block) {
        int[] required = entry.bounds().requiredThreads();
        if (required != null && !same(required, block)) {
            throw refuse("block " + block + ", but " + entry.name() + " requires " + text(required) + " (.reqntid)");
        }
        int[] most = entry.bounds().maxThreads();
        if (most != null && block.count() > Arrays.stream(most).asLongStream().reduce(1, (a, b) -> a * b)) {
            throw refuse("block " + block + " has " + block.count() + " threads, but " + entry.name() + " allows " + text(most) + " (.maxntid)");
        }
    }

    private static Geometry.Size cluster(PtxModule module, Entry entry, Geometry.Size grid, Geometry.Size wanted) {
        int[] required = entry.bounds().requiredCluster();
        if (entry.bounds().explicitCluster() && wanted == null && required == null) {
            throw refuse(entry.name() + " has to be launched with a cluster (.explicitcluster); found none");
        }
        Geometry.Size cluster = wanted != null ? wanted : required != null ? new Geometry.Size(at(required, 0), at(required, 1), at(required, 2))
                : new Geometry.Size(1, 1, 1);
        positive("cluster", cluster);
        if (required != null && !same(required, cluster)) {
            throw refuse("cluster " + cluster + ", but " + entry.name() + " requires " + text(required) + " (.reqnctapercluster)");
        }
        if (cluster.count() > 1 && !hopper(module)) {
            throw refuse("cluster " + cluster + " needs .target sm_90 or later; " + module.name() + " is for " + module.target());
        }
        if (cluster.count() > MAX_CLUSTER) {
            throw refuse("cluster " + cluster + " has " + cluster.count() + " blocks; at most " + MAX_CLUSTER);
        }
        int rank = entry.bounds().maxClusterRank();
        if (rank > 0 && cluster.count() > rank) {
            throw refuse("cluster " + cluster + " has " + cluster.count() + " blocks, but " + entry.name() + " allows " + rank
                    + " (.maxclusterrank)");
        }
        if (grid.x() % cluster.x() != 0 || grid.y() % cluster.y() != 0 || grid.z() % cluster.z() != 0) {
            throw refuse("grid " + grid + " is not a multiple of the cluster " + cluster);
        }
        return cluster;
    }

    private static void shared(PtxModule module, Entry entry, int dynamicShared) {
        long fixed = entry.shared().stream().filter(v -> !v.dynamic()).mapToLong(v -> v.offset() + v.bytes()).max().orElse(0);
        if (fixed > MAX_STATIC_SHARED) {
            throw refuse(entry.name() + " has " + fixed + " bytes of static shared memory; at most " + MAX_STATIC_SHARED
                    + ", beyond that use an extern .shared array");
        }
        if (dynamicShared < 0 || fixed + dynamicShared > sharedBytes(module)) {
            throw refuse(dynamicShared + " bytes of dynamic and " + fixed + " of static shared memory; a block on " + module.target() + " has "
                    + sharedBytes(module));
        }
        if (dynamicShared > 0 && entry.shared().stream().noneMatch(Variable::dynamic)) {
            throw refuse(dynamicShared + " bytes of dynamic shared memory, but " + entry.name() + " declares no extern .shared array");
        }
    }

    private static void perThread(Entry entry) {
        long local = entry.local().stream().mapToLong(v -> v.offset() + v.bytes()).max().orElse(0);
        if (local > MAX_LOCAL) {
            throw refuse(entry.name() + " has " + local + " bytes of local memory per thread; at most " + MAX_LOCAL);
        }
        int registers = Math.max(entry.words(), Math.max(entry.wides(), entry.predicates()));
        if (registers > MAX_REGISTERS) {
            throw refuse(entry.name() + " declares " + registers + " registers of one width; the emulator holds at most " + MAX_REGISTERS);
        }
    }

    /// Bytes of shared memory that one block may have.
    static int sharedBytes(PtxModule module) {
        return switch (architecture(module)) {
            case 70, 72 -> 96 * KB;
            case 75 -> 64 * KB;
            case 80, 87 -> 163 * KB;
            case 86, 89 -> 99 * KB;
            default -> 227 * KB;
        };
    }

    static boolean hopper(PtxModule module) {
        return architecture(module) >= 90;
    }

    private static int architecture(PtxModule module) {
        return Integer.parseInt(module.target().replaceAll("\\D", ""));
    }

    static int atLeast(String what, int value, int least) {
        return (int) atLeast(what, (long) value, least);
    }

    static long atLeast(String what, long value, long least) {
        if (value < least) {
            throw refuse(what + " " + value + "; at least " + least);
        }
        return value;
    }

    private static void positive(String what, Geometry.Size size) {
        if (size.x() < 1 || size.y() < 1 || size.z() < 1) {
            throw refuse(what + " " + size + "; every extent is at least 1");
        }
    }

    private static boolean same(int[] required, Geometry.Size size) {
        return at(required, 0) == size.x() && at(required, 1) == size.y() && at(required, 2) == size.z();
    }

    private static int at(int[] extents, int i) {
        return i < extents.length ? extents[i] : 1;
    }

    private static String text(int[] extents) {
        return at(extents, 0) + "," + at(extents, 1) + "," + at(extents, 2);
    }

    private static IllegalArgumentException refuse(String message) {
        return new IllegalArgumentException("launch: " + message);
    }
}
