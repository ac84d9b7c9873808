/// libtorch as a peer of Lucid's products, through DJL: the same numbers in, the same shape out, its own thread pool with as many threads.
/// It is no part of Lucid and nothing depends on it; it is built with `-Ppeers` only.
/// Start with [LibtorchProduct].
package lucid.bench.libtorch;
