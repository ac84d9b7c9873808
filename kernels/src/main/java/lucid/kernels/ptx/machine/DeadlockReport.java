package lucid.kernels.ptx.machine;

import java.util.TreeMap;

/// Who waits for what, when nobody can go on.
final class DeadlockReport {
    /// Warps that are listed; a cluster may have 512.
    private static final int WARPS = 40;

    private DeadlockReport() {}

    static String of(Cluster cluster) {
        var text = new StringBuilder("no warp can go on:");
        int left = WARPS;
        for (Block block : cluster.blocks) {
            for (Warp warp : block.warps) {
                if (warp.live != 0 && left-- > 0) {
                    text.append("\n  ").append(where(warp));
                }
            }
            for (NamedBarrier barrier : block.barriers) {
                if (barrier != null && barrier.open()) {
                    text.append("\n  block ").append(block.index).append(' ').append(barrier.state());
                }
            }
            String pending = block.async == null ? "" : block.async.describe();
            if (!pending.isEmpty()) {
                text.append("\n  block ").append(block.index).append(" pending:\n    ").append(pending.strip().replace("\n", "\n    "));
            }
        }
        if (left < 0) {
            text.append("\n  and ").append(-left).append(" more warps");
        }
        String barrier = cluster.barrier.state();
        return barrier.isEmpty() ? text.toString() : text + "\n  " + barrier;
    }

    /// Where the lanes of a warp are and what they wait for.
    private static String where(Warp warp) {
        var lanes = new TreeMap<Integer, Integer>();
        for (int lane = 0; lane < 32; lane++) {
            if ((warp.live >>> lane & 1) != 0) {
                lanes.merge(warp.at(lane), 1 << lane, (a, b) -> a | b);
            }
        }
        var text = new StringBuilder("block " + warp.block.index + " warp " + warp.index + ":");
        var code = warp.entry().instructions();
        lanes.forEach((pc, mask) -> {
            text.append(mask == warp.live ? " all lanes" : " lanes 0x" + Integer.toHexString(mask));
            text.append(pc < code.size() ? " at line " + code.get(pc).line() + " '" + code.get(pc).text() + "'" : " at the end");
        });
        return warp.waitsFor() == null ? text.toString() : text + "; last waited for " + warp.waitsFor();
    }
}
