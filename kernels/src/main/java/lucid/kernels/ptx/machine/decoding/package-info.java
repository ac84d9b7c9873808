/// What is known of an entry before it runs: the slots and constants that decoders ask for, what an instruction reads and writes, and which reads are
/// proven to come after a write. It executes nothing and knows no warp; what becomes of an instruction is a step of [lucid.kernels.ptx.machine].
/// Start at [Decoding], which every decoder is given, then [Initialisation].
package lucid.kernels.ptx.machine.decoding;
