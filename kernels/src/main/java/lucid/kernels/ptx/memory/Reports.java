package lucid.kernels.ptx.memory;

import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.memory.order.Stamp;
import lucid.kernels.ptx.text.syntax.Instruction;

/// Words for what is wrong with an access.
public final class Reports {
    private Reports() {}

    private static boolean known(Accessor who, Kind kind) {
        return who.findings().again(kind, who.instruction(), who.clock().block());
    }

    private static void add(Accessor who, Kind kind, int lane, long address, long value, String message, Finding.Site earlier) {
        who.findings().add(new Finding(kind, who.site(lane), address, value, message, earlier, 1));
    }

    /// Where a stamped access was made.
    static Finding.Site site(Accessor who, long stamp) {
        Instruction instruction = who.instructionAt(Stamp.site(stamp));
        int lane = Stamp.lane(stamp);
        int block = who.clock().block() & ~0x7fff | Stamp.block(stamp);
        return new Finding.Site(who.file(), instruction, block, Stamp.agent(stamp) & 31, lane == Stamp.MANY ? -1 : lane);
    }

    static void outOfBounds(Accessor who, int lane, CheckedMemory memory, long address, int bytes, String verb) {
        if (!known(who, Kind.OUT_OF_BOUNDS)) {
            add(who, Kind.OUT_OF_BOUNDS, lane, address, 0, verb + " of " + bytes + " bytes outside " + memory.space().text() + " memory: "
                    + memory.describe(address, bytes), null);
        }
    }

    static void misaligned(Accessor who, int lane, CheckedMemory memory, long address, int bytes, String verb) {
        if (!known(who, Kind.MISALIGNED)) {
            add(who, Kind.MISALIGNED, lane, address, 0, verb + " of " + bytes + " bytes at an address that is not a multiple of " + bytes + "; it is "
                    + memory.describe(address, bytes), null);
        }
    }

    static void uninitialised(Accessor who, int lane, CheckedMemory memory, long address, int bytes, long value) {
        if (!known(who, Kind.UNINITIALISED_MEMORY)) {
            add(who, Kind.UNINITIALISED_MEMORY, lane, address, value, "reads " + bytes + " bytes of which some were never written, found 0x"
                    + Long.toHexString(value) + "; the place is " + memory.describe(address, bytes), null);
        }
    }

    static void race(Accessor who, int lane, CheckedMemory memory, long address, int bytes, long value, long earlier, String does, String did) {
        boolean copy = Stamp.agent(earlier) >= 32;
        Kind kind = copy && Stamp.block(earlier) == (who.clock().block() & 0x7fff) ? Kind.MISSING_WAIT : Kind.RACE;
        if (known(who, kind)) {
            return;
        }
        String between = copy ? " by a bulk copy whose completion this warp has not waited for"
                : who.clock().own(earlier) ? " by another lane of the same warp without a bar.warp.sync or barrier between"
                : Stamp.block(earlier) != (who.clock().block() & 0x7fff) ? " by another block without a release and an acquire between"
                : " by another warp without a barrier between";
        add(who, kind, lane, address, value, does + " 0x" + Long.toHexString(value) + " (" + bytes + " bytes) where memory was " + did + between
                + "; it is "
                + memory.describe(address, bytes), site(who, earlier));
    }

    static void laneConflict(Accessor who, int lane, CheckedMemory memory, long address, long value, long there, long earlier) {
        if (!known(who, Kind.LANE_CONFLICT)) {
            add(who, Kind.LANE_CONFLICT, lane, address, value, "writes 0x" + Long.toHexString(value) + " where lane " + Stamp.lane(earlier)
                    + " of the same instruction writes 0x" + Long.toHexString(there) + ": which of them stays is undefined", site(who, earlier));
        }
    }

    static void nonCoherent(Accessor who, int lane, CheckedMemory memory, long address, long earlier, boolean reads) {
        if (!known(who, Kind.READ_ONLY)) {
            add(who, Kind.READ_ONLY, lane, address, 0, (reads ? "ld.global.nc reads what this launch has written"
                    : "writes what this launch reads with ld.global.nc")
                    + ", but such memory must stay as it is while the kernel runs; use a plain ld.global; it is " + memory.describe(address, 1),
                            site(who, earlier));
        }
    }

    static void inFlight(Accessor who, int lane, CheckedMemory memory, long address, int bytes, String does, Flight flight) {
        Kind kind = flight != null && flight.block() != who.clock().block() ? Kind.RACE : Kind.MISSING_WAIT;
        if (!known(who, kind)) {
            String what = flight == null ? "an asynchronous copy" : flight.what();
            add(who, kind, lane, address, 0, does + " " + bytes + " bytes that " + what + " is still working on: wait for it first; it is "
                    + memory.describe(address, bytes), flight == null ? null : flight.site());
        }
    }

    static void missingFence(Accessor who, int lane, CheckedMemory memory, long address, int bytes, long earlier) {
        if (!known(who, Kind.MISSING_FENCE)) {
            add(who, Kind.MISSING_FENCE, lane, address, 0, "the async proxy reads " + bytes
                    + " bytes that were written through the generic proxy without a fence.proxy.async by the writing thread after it; it is "
                    + memory.describe(address, bytes), site(who, earlier));
        }
    }

    public static void readOnly(Accessor who, int lane, String space, long address) {
        if (!known(who, Kind.READ_ONLY)) {
            add(who, Kind.READ_ONLY, lane, address, 0, "writes to " + space + " memory, which a kernel can only read", null);
        }
    }

    public static void privateBounds(Accessor who, int lane, String space, long address, int bytes, String where) {
        if (!known(who, Kind.OUT_OF_BOUNDS)) {
            add(who, Kind.OUT_OF_BOUNDS, lane, address, 0, "access of " + bytes + " bytes outside " + space + " memory: " + where, null);
        }
    }

    public static void privateAlignment(Accessor who, int lane, String space, long address, int bytes) {
        if (!known(who, Kind.MISALIGNED)) {
            add(who, Kind.MISALIGNED, lane, address, 0, "access of " + bytes + " bytes to " + space
                    + " memory at an address that is not a multiple of " + bytes, null);
        }
    }

    public static void privateUninitialised(Accessor who, int lane, String space, long address, int bytes, String where) {
        if (!known(who, Kind.UNINITIALISED_MEMORY)) {
            add(who, Kind.UNINITIALISED_MEMORY, lane, address, 0, "reads " + bytes + " bytes of " + space
                    + " memory of which some were never written; the place is " + where, null);
        }
    }
}
