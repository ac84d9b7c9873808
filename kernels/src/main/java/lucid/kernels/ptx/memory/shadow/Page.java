package lucid.kernels.ptx.memory.shadow;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import lucid.kernels.ptx.memory.order.Published;

/// A piece of at most [Shadow#BYTES] bytes of memory with its shadow.
///
/// In global memory several worker threads meet here. Content and shadow change together under the page's lock; who only reads takes the lock of its
/// side of the shadow ([Readers]).
public final class Page extends BiasedLock {
    public static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    public static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    public final byte[] data;
    /// Where the page begins in `data`.
    public final int origin;
    /// Address of the page's first byte.
    public final long address;
    /// The offsets within the page that may be accessed.
    public final int from;
    public final int to;
    public final Shadow shadow;
    private Map<Integer, Published> published;

    public Page(byte[] data, int origin, long address, int from, int to, Shadow shadow) {
        this.data = data;
        this.origin = origin;
        this.address = address;
        this.from = from;
        this.to = to;
        this.shadow = shadow;
    }

    public boolean holds(long first, long bytes) {
        long offset = first - address;
        return offset >= from && offset + bytes <= to;
    }

    /// The lanes of `mask` whose accesses are aligned and inside this page.
    public int lanes(int mask, long[] addresses, int bytes) {
        int inside = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            long offset = addresses[lane] - address;
            if (offset >= from && offset + bytes <= to && (addresses[lane] & bytes - 1) == 0) {
                inside |= 1 << lane;
            }
        }
        return inside;
    }

    /// For everything but reads: nobody else is here then. ([#take] keeps off only those who do so, too.)
    public void lock(Worker me) {
        take(me);
        shadow.lockSides(me, this);
    }

    public void unlock(Worker me) {
        shadow.unlockSides(me);
        release(me);
    }

    public Published published(int offset) {
        return published == null ? null : published.get(offset);
    }

    public void publish(int offset, Published what) {
        if (what != null) {
            published = published == null ? new HashMap<>() : published;
            published.put(offset, what);
        } else if (published != null) {
            published.remove(offset);
        }
    }

    public void forgetAccesses() {
        shadow.forgetAccesses();
        published = null;
        forgetOwner();
    }

    /// `bytes` (1, 2, 4 or 8) at an offset, zero-extended.
    public long get(int offset, int bytes) {
        int at = origin + offset;
        return switch (bytes) {
            case 1 -> data[at] & 0xffL;
            case 2 -> (short) SHORT.get(data, at) & 0xffffL;
            case 4 -> (int) INT.get(data, at) & 0xffffffffL;
            default -> (long) LONG.get(data, at);
        };
    }

    public void set(int offset, int bytes, long value) {
        int at = origin + offset;
        switch (bytes) {
            case 1 -> data[at] = (byte) value;
            case 2 -> SHORT.set(data, at, (short) value);
            case 4 -> INT.set(data, at, (int) value);
            default -> LONG.set(data, at, value);
        }
    }
}
