package lucid.kernels.ptx.async.region;

import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.CheckedMemory;
import lucid.kernels.ptx.memory.Flight;
import lucid.kernels.ptx.tensor.form.Swizzle;
import lucid.kernels.ptx.text.syntax.Space;

/// One end of a bulk copy: bytes that lie somewhere in some order. What passes between two ends is their linear image.
public sealed interface Region permits Region.Linear, Region.Swizzled, Region.Box {
    /// Bytes of the image.
    int bytes();

    /// Counts its bytes for the instruction that the warp is at.
    void count(Warp warp);

    /// Makes the flight own the region until it lands; false when part of it is no memory (reported).
    boolean claim(Flight flight, boolean write);

    /// Bytes that are no memory stay as they are.
    void read(byte[] image);

    /// @param warp  that issued the copy: findings name it
    /// @param image as long as [#bytes]
    void write(Warp warp, byte[] image);

    /// Bytes one after the other.
    record Linear(CheckedMemory memory, long address, int bytes) implements Region {
        @Override
        public void count(Warp warp) {
            if (memory.space() == Space.GLOBAL) {
                warp.traffic().globalRange(warp.instruction().index(), address, bytes);
            } else {
                warp.traffic().sharedRange(warp.instruction().index(), bytes);
            }
        }

        @Override
        public boolean claim(Flight flight, boolean write) {
            return write ? flight.writes(memory, address, bytes) : flight.reads(memory, address, bytes);
        }

        @Override
        public void read(byte[] image) {
            memory.peek(address, image, 0, bytes);
        }

        @Override
        public void write(Warp warp, byte[] image) {
            memory.poke(warp, address, image, 0, bytes);
        }
    }

    /// Shared memory whose 16-byte granules have changed places; the pattern begins at `address`, so that claims need not know it.
    record Swizzled(CheckedMemory memory, long address, int bytes, Swizzle swizzle) implements Region {
        @Override
        public void count(Warp warp) {
            warp.traffic().sharedRange(warp.instruction().index(), bytes);
        }

        @Override
        public boolean claim(Flight flight, boolean write) {
            int whole = bytes / swizzle.pattern() * swizzle.pattern();
            boolean good = whole == 0 || claim(flight, write, address, whole);
            for (int at = whole; good && at < bytes; at += 16) {
                good = claim(flight, write, physical(at), 16);
            }
            return good;
        }

        private boolean claim(Flight flight, boolean write, long from, int count) {
            return write ? flight.writes(memory, from, count) : flight.reads(memory, from, count);
        }

        private long physical(int at) {
            return address & 0xff000000L | swizzle.apply((int) (address & 0xffffff) + at);
        }

        @Override
        public void read(byte[] image) {
            int whole = bytes / swizzle.pattern() * swizzle.pattern();
            byte[] there = new byte[whole];
            memory.peek(address, there, 0, whole);
            for (int at = 0; at < whole; at += 16) {
                System.arraycopy(there, swizzle.apply(at), image, at, 16);
            }
            for (int at = whole; at < bytes; at += 16) {
                memory.peek(physical(at), image, at, 16);
            }
        }

        @Override
        public void write(Warp warp, byte[] image) {
            int whole = bytes / swizzle.pattern() * swizzle.pattern();
            byte[] there = new byte[whole];
            for (int at = 0; at < whole; at += 16) {
                System.arraycopy(image, at, there, swizzle.apply(at), 16);
            }
            memory.poke(warp, address, there, 0, whole);
            for (int at = whole; at < bytes; at += 16) {
                memory.poke(warp, physical(at), image, at, 16);
            }
        }
    }

    /// A box of a tensor in global memory. What lies outside of the tensor reads as the map says and is not written.
    record Box(CheckedMemory memory, TensorMap map, int[] corner) implements Region {
        @Override
        public int bytes() {
            return map.boxBytes();
        }

        @Override
        public void count(Warp warp) {
            map.rows(corner, (_, global, _, count) -> {
                if (count > 0) {
                    warp.traffic().globalRange(warp.instruction().index(), global, count);
                }
            });
        }

        @Override
        public boolean claim(Flight flight, boolean write) {
            boolean[] good = {true};
            map.rows(corner, (_, global, _, count) -> {
                if (good[0] && count > 0) {
                    good[0] = write ? flight.writes(memory, global, count) : flight.reads(memory, global, count);
                }
            });
            return good[0];
        }

        @Override
        public void read(byte[] image) {
            map.fill(image);
            int width = map.rowBytes();
            map.rows(corner, (row, global, skip, count) -> memory.peek(global, image, row * width + skip, count));
        }

        @Override
        public void write(Warp warp, byte[] image) {
            int width = map.rowBytes();
            map.rows(corner, (row, global, skip, count) -> memory.poke(warp, global, image, row * width + skip, count));
        }
    }
}
