package lucid.kernels.ptx.machine;

import lucid.kernels.ptx.check.Kind;

/// What the warpgroups of a block have asked for by `setmaxnreg`. The emulator has registers enough; it checks that the card has.
public final class RegisterPool {
    /// Registers that 128 threads times the sum of the warpgroups may have. The file holds 65,536, but programs that asked for
    /// all of them were seen to hang; 64,512 (as in 24 + 240 + 240) is what published kernels use.
    private static final int CEILING = 64_512;
    private static final int WARPGROUP = 4;

    private final Block block;
    private final int[] registers;
    /// Per warp: how many `setmaxnreg` it has run, and per warp and warpgroup the last one's place and number.
    private final int[] executed;
    private final int[] place;

    RegisterPool(Block block) {
        this.block = block;
        int warps = block.warpCount();
        this.registers = new int[warps];
        this.executed = new int[warps];
        this.place = new int[warps];
    }

    /// The warp runs `setmaxnreg` with that number.
    public void set(Warp warp, int number) {
        var bounds = warp.entry().bounds();
        if (bounds.maxThreads() == null && bounds.requiredThreads() == null || bounds.minBlocks() == 0 && bounds.maxRegisters() == 0) {
            warp.finding(Kind.ILLEGAL_OPERAND, -1, "the assembler ignores setmaxnreg in an entry without .maxntid (or .reqntid) and .minnctapersm "
                    + "(or .maxnreg); add them");
        }
        int w = warp.index;
        executed[w]++;
        registers[w] = number;
        place[w] = warp.at();
        int first = w / WARPGROUP * WARPGROUP;
        for (int other = first; other < Math.min(first + WARPGROUP, registers.length); other++) {
            if (executed[other] == executed[w] && (registers[other] != number || place[other] != place[w])) {
                warp.finding(Kind.DIVERGENT_COLLECTIVE, -1, "warp " + other + " of the same warpgroup set " + registers[other] + " registers at line "
                        + warp.instructionAt(place[other]).line() + "; all four warps must run the same setmaxnreg");
            }
        }
        checkSum(warp);
    }

    private void checkSum(Warp warp) {
        int sum = 0;
        for (int first = 0; first < registers.length; first += WARPGROUP) {
            if (registers[first] == 0) {
                return;
            }
            sum += registers[first];
        }
        if (sum * 32 * WARPGROUP > CEILING) {
            warp.finding(Kind.DEADLOCK, -1, "the warpgroups of the block ask for " + sum + " registers per 128 threads together, "
                    + sum * 32 * WARPGROUP
                    + " in all; at most " + CEILING + " can be had, so setmaxnreg.inc would wait for ever (block " + block.index + ")");
        }
    }
}
