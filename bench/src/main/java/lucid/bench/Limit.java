package lucid.bench;

import java.lang.foreign.MemorySegment;
import lucid.bench.probe.FmaPeak;
import lucid.bench.probe.ReadBandwidth;
import lucid.kernels.simd.work.Workers;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// What one call works and what the machine could do, as secondary results of the benchmark, so that they come out of the forked process beside the time.
/// Either giga floating-point operations or gigabytes.
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.EVENTS)
public class Limit {
    private static final int REPETITIONS = 20;

    private double work;
    private double flops;
    private double bytes;
    private double computed;

    /// The call is bound by arithmetic: probes the FMA peak.
    ///
    /// @param operations floating-point operations of one call (an FMA counts two)
    public void arithmetic(Workers workers, double operations) {
        work = operations * 1e-9;
        flops = FmaPeak.gigaflops(workers, REPETITIONS);
    }

    /// The call is bound by memory: probes a read loop.
    ///
    /// @param memory a block as large as what the call reads
    /// @param moved  bytes read and written by one call
    public void memory(Workers workers, MemorySegment memory, double moved) {
        work = moved * 1e-9;
        bytes = ReadBandwidth.gigabytesPerSecond(memory, workers, REPETITIONS);
    }

    /// The call reads `moved` bytes and does `operations` with them, and cannot be faster than the slower of the two: probes both. The limit is given in bytes either way,
    /// so that calls which differ in one only stand in one column.
    ///
    /// @param memory     a block as large as what the call reads, or as all that the calls read in turn
    /// @param moved      bytes read and written by one call
    /// @param operations floating-point operations of one call (an FMA counts two)
    public void either(Workers workers, MemorySegment memory, double moved, double operations) {
        memory(workers, memory, moved);
        double arithmetic = FmaPeak.gigaflops(workers, REPETITIONS) * moved / operations;
        computed = arithmetic < bytes ? 1 : 0;
        bytes = Math.min(bytes, arithmetic);
    }

    /// Giga operations or gigabytes of one call.
    public double work() { return work; }

    /// GFLOP/s, 0 if the call is bound by memory.
    public double limitFlops() { return flops; }

    /// GB/s, 0 if the call is bound by arithmetic alone.
    public double limitBytes() { return bytes; }

    /// 1 if a limit in bytes is what the FMA peak allows, 0 if it is what the memory gives.
    public double limitComputed() { return computed; }
}
