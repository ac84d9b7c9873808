/// libtorch as a peer of Lucid's kernels, through DJL: the same numbers in, the same numbers out, its own thread pool with as many threads.
/// It is no part of Lucid and nothing depends on it; it is built with `-Ppeers` only.
/// Start with [LibtorchKernel].
package lucid.bench.libtorch;
