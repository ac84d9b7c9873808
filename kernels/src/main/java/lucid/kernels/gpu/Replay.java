package lucid.kernels.gpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.operand.Repetition;

/// A step whose launches become graphs: what a GPU needs to decode without waiting for the host.
///
/// The host's code runs each time. What it queues is cut into segments and compared with the last time: kernel, grid, every byte of the parameters,
/// and so every address. A segment that comes for the first time is queued launch by launch, as without a replay, and remembered; when it comes again
/// whole, it is recorded as a graph; from then on it is held back until it is complete and queued by one call. Where something differs, what was held
/// back is queued as it stands and the segment is remembered anew. So the GPU gets the same work in the same order in every case, and the bits are
/// the same. Host data (positions, tables) may differ each time: a graph copies what the host has at its launch.
///
/// Segments are short at first, so that the GPU starts while the host is still comparing. What shows the state of the GPU (copies to the host, marks,
/// freed memory) ends a segment.
public final class Replay implements Repetition {
    /// Works in the first segment; each further one has twice as many, up to [#MOST].
    static final int FIRST = 32;
    static final int MOST = 256;
    /// A graph costs as much as a few launches.
    static final int LEAST = 4;
    /// Copies from the host that are larger do not belong to a step that repeats.
    static final long MOST_BYTES = 256 << 10;

    /// What replays of a GPU did.
    ///
    /// @param recordings    segments that were made graphs
    /// @param graphLaunches segments that were queued by one call
    /// @param single        works that were queued one by one
    public record Counts(long recordings, long graphLaunches, long single) {
        /// What was done since `earlier`.
        public Counts minus(Counts earlier) {
            return new Counts(recordings - earlier.recordings, graphLaunches - earlier.graphLaunches, single - earlier.single);
        }
    }

    /// A GPU's place for the replay that is running: what the GPU is asked to do goes by here first.
    static final class Desk {
        private Replay running;
        private long recordings;
        private long graphLaunches;
        private long single;

        Counts counts() { return new Counts(recordings, graphLaunches, single); }

        /// Whether a replay took the launch over; so for the copies.
        boolean launch(Kernel kernel, LaunchShape shape, MemorySegment parameters) {
            if (running == null) return false;
            if (running.next() instanceof Work.Launch l && l.is(kernel, shape, parameters)) running.hold();
            else running.add(Work.Launch.of(kernel, shape, parameters));
            return true;
        }

        boolean copyIn(long address, MemorySegment source) {
            if (running == null) return false;
            if (source.byteSize() > MOST_BYTES) {
                running.cut();
                return false;
            }
            if (running.next() instanceof Work.CopyIn c && c.takes(address, source)) running.hold();
            else running.add(Work.CopyIn.of(address, source));
            return true;
        }

        boolean copy(long target, long source, long bytes) {
            if (running == null) return false;
            Work.Copy copy = new Work.Copy(target, source, bytes);
            if (copy.equals(running.next())) running.hold();
            else running.add(copy);
            return true;
        }

        /// Queues what is held back: something is about to be seen, or to go.
        void cut() {
            if (running != null) running.cut();
        }
    }

    private static final class Segment {
        private final List<Work> works;
        private Graph graph;

        Segment(List<Work> works) { this.works = new ArrayList<>(works); }

        void close() {
            if (graph != null) graph.close();
            graph = null;
        }
    }

    private final Gpu gpu;
    private final Desk desk;
    private final List<Segment> segments = new ArrayList<>();
    /// The segment that is compared or remembered.
    private int at;
    /// Works of it that came and are held back.
    private int held;
    /// What is remembered instead of segment `at`; null: it is compared.
    private Segment fresh;

    Replay(Gpu gpu, Desk desk) {
        this.gpu = gpu;
        this.desk = desk;
    }

    @Override public void run(Runnable step) {
        if (desk.running != null) throw new IllegalStateException("a repeated step was begun within one; wanted the first to end before");
        at = 0;
        desk.running = this;
        try {
            step.run();
        } catch (Throwable e) {
            end(e);
            throw e;
        }
        end(null);
        while (segments.size() > at) segments.removeLast().close();
    }

    /// @param cause what ended the step, which then says more than what went wrong here
    private void end(Throwable cause) {
        try {
            cut();
        } catch (RuntimeException e) {
            if (cause == null) throw e;
            cause.addSuppressed(e);
        } finally {
            held = 0;
            fresh = null;
            desk.running = null;
        }
    }

    private Work next() { return fresh == null && at < segments.size() ? segments.get(at).works.get(held) : null; }

    private void hold() {
        Segment segment = segments.get(at);
        if (++held < segment.works.size()) return;
        at++;
        held = 0;
        if (segment.works.size() < LEAST) queue(segment.works);
        else aside(() -> launch(segment));
    }

    private void launch(Segment segment) {
        if (segment.graph == null) {
            segment.graph = gpu.record(() -> segment.works.forEach(w -> w.queue(gpu)));
            desk.recordings++;
        }
        segment.graph.launch();
        desk.graphLaunches++;
    }

    /// Something else than the last time.
    private void add(Work work) {
        if (fresh == null) fresh = instead();
        fresh.works.add(work);
        queue(List.of(work));
        if (fresh.works.size() >= Math.min(MOST, FIRST << Math.min(at, 8))) keep();
    }

    /// The part of segment `at` that came, queued, as the beginning of another one.
    private Segment instead() {
        if (at == segments.size()) return new Segment(List.of());
        Segment old = segments.get(at);
        Segment beginning = new Segment(old.works.subList(0, held));
        held = 0;
        queue(beginning.works);
        return beginning;
    }

    private void keep() {
        if (at == segments.size()) segments.add(fresh);
        else segments.set(at, fresh).close();
        at++;
        fresh = null;
    }

    private void cut() {
        if (held > 0) fresh = instead();
        if (fresh != null) keep();
    }

    private void queue(List<Work> works) {
        desk.single += works.size();
        aside(() -> works.forEach(w -> w.queue(gpu)));
    }

    /// Does what the GPU must not bring here again.
    private void aside(Runnable work) {
        desk.running = null;
        try {
            work.run();
        } finally {
            desk.running = this;
        }
    }

    @Override public void close() {
        segments.forEach(Segment::close);
        segments.clear();
    }
}
