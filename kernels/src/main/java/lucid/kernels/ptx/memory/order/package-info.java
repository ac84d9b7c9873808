/// What is ordered before what in a kernel: stamps of accesses, the vector clock of a warp, what clocks hand to each other at barriers and releases,
/// when accesses may not race, and the same question for many stamps at once. It knows no address and no byte: which access was the last one at a
/// place is the shadow's business in `lucid.kernels.ptx.memory`. Start at [Clock], then [Snapshot]; [Stamp] is an access in 64 bits, [Runs] are many
/// of them.
package lucid.kernels.ptx.memory.order;
