package lucid.kernels.ptx.machine;

import lucid.kernels.ptx.check.Kind;

/// The conditions under which instructions that concern more than their own lane may run.
///
/// A group of lanes that comes first waits for the others of its warp. Only when they cannot come (they have exited or wait
/// elsewhere) is it a finding, and the instruction then runs for the lanes that are there.
public final class Convergence {
    private Convergence() {}

    /// `.aligned`: all lanes that have not exited must run the instruction together.
    ///
    /// @param kind the finding when they do not: [Kind#DIVERGENT_BARRIER] or [Kind#DIVERGENT_COLLECTIVE]
    /// @return true when the step may go on; false when it must return [Step#WAIT]
    public static boolean aligned(Warp warp, int mask, Kind kind) {
        int missing = warp.live & ~mask;
        if (missing != 0 && !warp.forced) {
            warp.expect(mask | missing);
            warp.await(() -> "convergence of all lanes of the warp");
            return false;
        }
        warp.forced &= missing == 0;
        int expected = warp.expected();
        if (missing != 0 || (expected & ~mask) != 0) {
            warp.finding(kind, Integer.numberOfTrailingZeros(mask), "'" + warp.instruction().opcode()
                    + "' needs all lanes of the warp, but only lanes " + hex(mask)
                    + " run it: lanes " + hex((missing | expected) & ~mask) + " went another way; move it out of the divergent code");
        }
        return true;
    }

    /// As [#aligned], and no lane of the warp may be missing or have exited: `mma`, `ldmatrix`, `stmatrix`, `movmatrix`.
    public static boolean whole(Warp warp, int mask) {
        if (mask == -1) {
            return true;
        }
        if (!aligned(warp, mask, Kind.DIVERGENT_COLLECTIVE)) {
            return false;
        }
        if (warp.live != -1) {
            warp.finding(Kind.DIVERGENT_COLLECTIVE, -1, "'" + warp.instruction().opcode() + "' needs 32 lanes; lanes " + hex(~warp.live)
                    + " have exited or never existed");
        }
        return true;
    }

    /// `.sync membermask`: all lanes of `members` that have not exited must run the instruction together, and nobody else.
    ///
    /// @return true when the step may go on; false when it must return [Step#WAIT]
    public static boolean members(Warp warp, int mask, int members) {
        int missing = members & warp.live & ~mask;
        if (missing != 0 && !warp.forced) {
            warp.expect(0);
            warp.await(() -> "lanes " + hex(missing) + " of member mask " + hex(members));
            return false;
        }
        warp.forced &= missing == 0;
        warp.expected();
        if (missing != 0) {
            warp.finding(Kind.DIVERGENT_COLLECTIVE, Integer.numberOfTrailingZeros(mask), "member mask " + hex(members) + " names lanes "
                    + hex(missing) + ", which never come to this instruction");
        }
        if ((mask & ~members) != 0) {
            warp.finding(Kind.DIVERGENT_COLLECTIVE, Integer.numberOfTrailingZeros(mask & ~members), "lanes " + hex(mask & ~members)
                    + " run this but are not in its member mask " + hex(members));
        }
        return true;
    }

    private static String hex(int lanes) {
        return "0x" + Integer.toHexString(lanes);
    }
}
