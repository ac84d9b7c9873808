package lucid.kernels.ptx.steps;

import lucid.kernels.ptx.machine.Warp;

/// A comparison over all 32 lanes.
@FunctionalInterface
interface LaneTest {
    /// The lanes for which it holds; lanes that do not run give any bit.
    int lanes(Warp warp);
}
