package lucid.kernels.host;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/// The idle blocks of a pool, and when they return to where they came from. A pool keeps what is released, so that a step finds the blocks of the
/// step before; steps of ever other sizes would so leave idle blocks of all classes behind, ten times what is ever in use. Before more than twice
/// that is held, those that are idle for longest return, and no more of them than is too much.
public final class IdleBlocks {
    /// Idle blocks of so many bytes disturb nobody.
    private static final long SLACK = 64 << 20;
    /// Of the idle blocks of a class the one that was released last: the caches may still know it.
    public static final Comparator<Idle> NEWEST_FIRST = Comparator.comparingLong(Idle::since).reversed();
    /// Of the idle blocks of a class the one at the lowest address: which one is taken then does not depend on the order of releases.
    public static final Comparator<Idle> LOWEST_FIRST = Comparator.comparingLong(idle -> idle.block().address());

    /// @param size in bytes, a class of the pool
    public record Block(long address, long size) {}

    /// @param since which release it was that left it idle
    public record Idle(Block block, long since) {}

    private final Comparator<Idle> order;
    private final Consumer<Block> giveBack;
    private final TreeMap<Long, TreeSet<Idle>> classes = new TreeMap<>();
    /// By address, the longest idle first.
    private final Map<Long, Idle> all = new LinkedHashMap<>();
    private long releases;

    /// @param order    which block of a class is taken first
    /// @param giveBack returns a block to where it came from
    public IdleBlocks(Comparator<Idle> order, Consumer<Block> giveBack) {
        this.order = order;
        this.giveBack = giveBack;
    }

    /// Keeps a block that nobody uses any more.
    public void add(Block block) {
        Idle idle = new Idle(block, releases++);
        classes.computeIfAbsent(block.size(), _ -> new TreeSet<>(order)).add(idle);
        all.put(block.address(), idle);
    }

    /// Takes a block of the smallest class from `least` to `most` bytes that has one; null when none has.
    public Block take(long least, long most) {
        var entry = classes.ceilingEntry(least);
        if (entry == null || entry.getKey() > most) return null;
        Idle idle = entry.getValue().first();
        remove(idle);
        return idle.block();
    }

    private void remove(Idle idle) {
        TreeSet<Idle> blocks = classes.get(idle.block().size());
        blocks.remove(idle);
        if (blocks.isEmpty()) classes.remove(idle.block().size());
        all.remove(idle.block().address());
    }

    /// Before the pool takes `size` bytes more.
    ///
    /// @param held  bytes that it has taken and not given back, in use or idle
    /// @param peak  most bytes that were ever in use, counted with these
    /// @param limit bytes that nothing idle is kept beyond
    public void makeRoom(long held, long size, long peak, long limit) { giveBack(held + size - Math.min(2 * peak + SLACK, limit)); }

    /// Gives back until it is so many bytes, or none is idle.
    public void giveBack(long bytes) {
        for (long left = bytes; left > 0 && !all.isEmpty(); ) {
            Idle oldest = all.values().iterator().next();
            remove(oldest);
            left -= oldest.block().size();
            giveBack.accept(oldest.block());
        }
    }

    /// Forgets all blocks: somebody else gives them back.
    public void clear() {
        classes.clear();
        all.clear();
    }
}
