package lucid.kernels.ptx.machine.launch;

import lucid.kernels.ptx.memory.Traffic;

/// How often each instruction ran. One object per worker; they are added up at the end, so counting needs no lock and the sum
/// does not depend on the number of threads.
public final class Counters {
    /// Per instruction: how often a warp issued it.
    public final long[] executions;
    /// Per instruction: lanes for which it ran, guard applied, summed over its executions.
    public final long[] lanes;
    /// Requests, wavefronts and sectors of memory.
    public final Traffic traffic;

    public Counters(int instructions) {
        this(instructions, 0);
    }

    /// @param worker number of the thread that counts
    public Counters(int instructions, int worker) {
        executions = new long[instructions];
        lanes = new long[instructions];
        traffic = new Traffic(instructions, worker);
    }

    /// Warp-instructions in all.
    public long total() {
        long sum = 0;
        for (long n : executions) {
            sum += n;
        }
        return sum;
    }

    /// Adds another worker's counts.
    public void add(Counters other) {
        for (int i = 0; i < executions.length; i++) {
            executions[i] += other.executions[i];
            lanes[i] += other.lanes[i];
        }
        traffic.add(other.traffic);
    }
}
