package lucid.nn.file;

import java.lang.foreign.MemorySegment;
import java.util.List;
import lucid.kernels.host.PageAdvice;

/// Reads mapped weights from disk before anybody asks for them, on a thread of its own: opening a checkpoint reads headers only, so without this
/// every first use of a weight waits for the disk, while during the computation before it the disk is idle. Weights that already are in the system's
/// file cache cost next to nothing where the system can be asked for them ([PageAdvice#populate]); elsewhere every page is touched, which for 7 GB
/// takes seconds of a processor.
public final class ReadAhead implements AutoCloseable {
    /// Bytes read before looking whether to go on.
    private static final long PIECE = 4 << 20;

    private final Thread thread;
    private volatile boolean closed;

    private ReadAhead(List<MemorySegment> segments) {
        thread = Thread.ofPlatform().daemon().name("lucid-read-ahead").unstarted(() -> read(segments));
    }

    /// Starts to read.
    ///
    /// @param tensors in the order in which they will be used; what is not mapped is in memory already
    public static ReadAhead of(List<StoredTensor> tensors) {
        ReadAhead out = new ReadAhead(tensors.stream().map(StoredTensor::data).filter(MemorySegment::isMapped).toList());
        out.thread.start();
        return out;
    }

    private void read(List<MemorySegment> segments) {
        try {
            for (MemorySegment segment : segments) {
                for (long at = 0; at < segment.byteSize() && !closed; at += PIECE) {
                    MemorySegment piece = segment.asSlice(at, Math.min(PIECE, segment.byteSize() - at));
                    if (!PageAdvice.populate(piece)) piece.load();
                }
            }
        } catch (InternalError fault) {
            // A page that cannot be read: whoever needs it will hear of it.
        }
    }

    /// Whether everything has been read, or cannot be.
    public boolean done() { return !thread.isAlive(); }

    /// Ends the reading. The files may be closed afterwards.
    @Override public void close() {
        closed = true;
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }
}
