package lucid.kernels.ptx.memory;

import java.util.function.LongUnaryOperator;

/// The stamps of a page: per granule the last writer, the last reader and a second reader. A granule has 4 bytes at first, later 2 or 1.
abstract sealed class Granules permits Shadow {
    private final int bytes;
    final ReaderSets sets;
    /// log2 of a granule's bytes.
    int shift = 2;
    /// The last writes; null as long as there are none, like the other two.
    long[] writer;
    long[] reader;
    /// Another concurrent reader's stamp, or a set of them ([ReaderSets]); 0 for none.
    long[] second;

    Granules(int bytes, ReaderSets sets) {
        this.bytes = bytes;
        this.sets = sets;
        if (sets != null) {
            sets.addUser(this);
        }
    }

    /// Cuts the granules finer when the access needs it; returns log2 of the granules that an access of `width` covers.
    final int refine(int width) {
        int log = Integer.numberOfTrailingZeros(width);
        while (shift > log) {
            shift--;
            writer = twice(writer);
            reader = twice(reader);
            second = twice(second);
        }
        return log - shift;
    }

    private long[] twice(long[] stamps) {
        if (stamps == null) {
            return null;
        }
        long[] finer = new long[granules()];
        for (int i = 0; i < finer.length; i++) {
            finer[i] = stamps[i >> 1];
        }
        return finer;
    }

    private int granules() {
        return bytes + (1 << shift) - 1 >> shift;
    }

    final void needWriters() {
        if (writer == null) {
            writer = new long[granules()];
        }
    }

    final void needReaders() {
        if (sets != null) {
            sets.tidy();
        }
        if (reader == null) {
            reader = new long[granules()];
        }
    }

    final void needSecond() {
        if (second == null) {
            second = new long[granules()];
        }
    }

    final void forget() {
        writer = null;
        reader = null;
        second = null;
    }

    /// Gives every set of readers a new handle.
    final void replaceSecond(LongUnaryOperator handles) {
        for (int g = 0; second != null && g < second.length; g++) {
            second[g] = second[g] == 0 ? 0 : handles.applyAsLong(second[g]);
        }
    }
}
