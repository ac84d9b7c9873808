package lucid.kernels.ptx.machine;

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
                    text.append("\n  ").append(warp.describe());
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
}
