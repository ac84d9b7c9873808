package lucid.bench.probe;

import java.lang.foreign.MemorySegment;
import java.util.List;
import lucid.kernels.simd.work.Workers;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// What one call works and what the machine could do, as secondary results of the benchmark, so that they come out of the forked process beside the
/// time. Either giga floating-point operations or gigabytes. Half of the probes run before an iteration and half behind it.
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.EVENTS)
public class Limit {
    private static final int REPETITIONS = 10;

    private Workers workers;
    private double operations;
    private double moved;
    private ReadBandwidth loop;
    private double peak;

    /// The call is bound by arithmetic: probes the FMA peak.
    ///
    /// @param operations floating-point operations of one call (an FMA counts two)
    public void arithmetic(Workers workers, double operations) { probe(workers, operations, 0, null); }

    /// The call is bound by memory: probes a read loop.
    ///
    /// @param memory what the call reads, or as much
    /// @param moved  bytes read and written by one call
    public void memory(Workers workers, List<MemorySegment> memory, double moved) { probe(workers, 0, moved, memory); }

    /// The call reads `moved` bytes and does `operations` with them, and cannot be faster than the slower of the two: probes both. The limit is given
    /// in bytes either way, so that calls which differ in one only stand in one column.
    ///
    /// @param memory     what the calls read in turn
    /// @param moved      bytes read and written by one call
    /// @param operations floating-point operations of one call (an FMA counts two)
    public void either(Workers workers, List<MemorySegment> memory, double moved, double operations) { probe(workers, operations, moved, memory); }

    private void probe(Workers workers, double operations, double moved, List<MemorySegment> memory) {
        this.workers = workers;
        this.operations = operations * 1e-9;
        this.moved = moved * 1e-9;
        loop = memory == null ? null : new ReadBandwidth(memory, workers);
        peak = 0;
        again();
    }

    /// Probes what was probed before the iteration once more.
    @TearDown(Level.Iteration) public void again() {
        if (operations > 0) peak = Math.max(peak, FmaPeak.gigaflops(workers, REPETITIONS));
        if (loop != null) loop.run(REPETITIONS);
    }

    /// Giga operations or gigabytes of one call.
    public double work() { return loop == null ? operations : moved; }

    /// Time of one call at its limit. A time, because JMH averages over iterations, and so it averages the times of the calls.
    public double limitMicroseconds() { return 1e6 * Math.max(computing(), reading()); }

    /// 1 if the work is in bytes.
    public double inBytes() { return loop == null ? 0 : 1; }

    /// 1 if what limits the call is the FMA peak, 0 if it is the memory.
    public double computed() { return computing() > reading() ? 1 : 0; }

    private double computing() { return operations > 0 ? operations / peak : 0; }

    private double reading() { return loop == null ? 0 : moved / loop.gigabytesPerSecond(); }
}
