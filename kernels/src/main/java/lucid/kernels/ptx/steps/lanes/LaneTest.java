package lucid.kernels.ptx.steps.lanes;

import lucid.kernels.ptx.machine.Warp;

/// A comparison over all 32 lanes.
@FunctionalInterface
public interface LaneTest {
    /// The lanes for which it holds; lanes that do not run give any bit.
    int lanes(Warp warp);
}
