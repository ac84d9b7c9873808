package lucid.kernels.ptx.memory;

import lucid.kernels.ptx.memory.shadow.Page;

/// Moves values between memory and register files: word `w` of lane `l` is at `bases[w] + l` of the file.
public final class Lanes {
    private Lanes() {}

    /// Neighbouring places into lanes 0, 1, ...
    static void gather(byte[] data, int at, int lanes, int bytes, int[] out, int[] bases) {
        if (bytes < 4) {
            for (int lane = 0; lane < lanes; lane++) {
                get(data, at + lane * bytes, lane, bytes, out, bases);
            }
            return;
        }
        for (int w = 0; w << 2 < bytes; w++) {
            int base = bases[w];
            int from = at + 4 * w;
            for (int lane = 0; lane < lanes; lane++) {
                out[base + lane] = (int) Page.INT.get(data, from + lane * bytes);
            }
        }
    }

    /// Lanes 0, 1, ... to neighbouring places.
    static void scatter(byte[] data, int at, int lanes, int bytes, int[] in, int[] bases) {
        if (bytes < 4) {
            for (int lane = 0; lane < lanes; lane++) {
                set(data, at + lane * bytes, lane, bytes, in, bases);
            }
            return;
        }
        for (int w = 0; w << 2 < bytes; w++) {
            int base = bases[w];
            int to = at + 4 * w;
            for (int lane = 0; lane < lanes; lane++) {
                Page.INT.set(data, to + lane * bytes, in[base + lane]);
            }
        }
    }

    /// Places of their own into the lanes of `mask`: an address plus `origin` is an index into `data`.
    static void gather(byte[] data, long origin, int mask, long[] addresses, int bytes, int[] out, int[] bases) {
        if (mask == -1 && bytes >= 4) {
            for (int w = 0; w << 2 < bytes; w++) {
                int base = bases[w];
                long from = origin + 4 * w;
                for (int lane = 0; lane < 32; lane++) {
                    out[base + lane] = (int) Page.INT.get(data, (int) (addresses[lane] + from));
                }
            }
            return;
        }
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            get(data, (int) (addresses[lane] + origin), lane, bytes, out, bases);
        }
    }

    /// The lanes of `mask` to places of their own.
    static void scatter(byte[] data, long origin, int mask, long[] addresses, int bytes, int[] in, int[] bases) {
        if (mask == -1 && bytes >= 4) {
            for (int w = 0; w << 2 < bytes; w++) {
                int base = bases[w];
                long to = origin + 4 * w;
                for (int lane = 0; lane < 32; lane++) {
                    Page.INT.set(data, (int) (addresses[lane] + to), in[base + lane]);
                }
            }
            return;
        }
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            set(data, (int) (addresses[lane] + origin), lane, bytes, in, bases);
        }
    }

    /// What lane 0 has, for all lanes.
    public static void spread(int bytes, int[] out, int[] bases) {
        for (int w = 0; w == 0 || w << 2 < bytes; w++) {
            java.util.Arrays.fill(out, bases[w] + 1, bases[w] + 32, out[bases[w]]);
        }
    }

    /// A place into one lane.
    public static void get(byte[] data, int at, int lane, int bytes, int[] out, int[] bases) {
        switch (bytes) {
            case 1 -> out[bases[0] + lane] = data[at] & 0xff;
            case 2 -> out[bases[0] + lane] = (short) Page.SHORT.get(data, at) & 0xffff;
            default -> {
                for (int w = 0; w << 2 < bytes; w++) {
                    out[bases[w] + lane] = (int) Page.INT.get(data, at + 4 * w);
                }
            }
        }
    }

    /// One lane to a place.
    public static void set(byte[] data, int at, int lane, int bytes, int[] in, int[] bases) {
        switch (bytes) {
            case 1 -> data[at] = (byte) in[bases[0] + lane];
            case 2 -> Page.SHORT.set(data, at, (short) in[bases[0] + lane]);
            default -> {
                for (int w = 0; w << 2 < bytes; w++) {
                    Page.INT.set(data, at + 4 * w, in[bases[w] + lane]);
                }
            }
        }
    }

    /// True when memory already holds the lane's value.
    static boolean equal(byte[] data, int at, int lane, int bytes, int[] in, int[] bases) {
        for (int i = 0; i < bytes; i++) {
            if (data[at + i] != (byte) (in[bases[i >> 2] + lane] >>> 8 * (i & 3))) {
                return false;
            }
        }
        return true;
    }

    /// The lane's value, at most its first 8 bytes.
    static long value(int[] in, int[] bases, int lane, int bytes) {
        long low = in[bases[0] + lane] & 0xffffffffL;
        return bytes >= 8 ? low | (long) in[bases[1] + lane] << 32 : low & -1L >>> 64 - 8 * bytes;
    }
}
