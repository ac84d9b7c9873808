/// One JMH class per kernel family, each with the work of one call and the physical limit probed before every iteration in the same process.
/// A method is a kernel; a method named `kernel_peer` does the same with a peer, which [Comparison] sees to. No tests of Lucid's correctness here,
/// that is the conformance suite. Start with [KernelBench].
package lucid.bench.kernel;
