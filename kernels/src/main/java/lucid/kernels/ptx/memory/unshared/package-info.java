/// Memory in which no two threads can race: local memory, which is each thread's own, and constants and parameters, which are only read.
/// It has no shadow state and knows no clock; what threads share, and can race for, is in [lucid.kernels.ptx.memory].
/// Start at [LocalMemory], then [ReadOnlyMemory].
package lucid.kernels.ptx.memory.unshared;
