/// The physical limits that the benchmarks stand beside, measured in the same process and minute: FMA peak and memory-read bandwidth.
/// Not benchmarks of Lucid, and no part of any kernel.
/// Start with [FmaPeak]; [ReadBandwidth] is its twin for memory.
package lucid.bench.probe;
