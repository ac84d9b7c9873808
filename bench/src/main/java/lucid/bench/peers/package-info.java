/// Lucid's side of the comparisons in `bench/peers`: the same shapes, counts and JSON keys as the Python scripts there.
/// No JMH and no limits here (that is `lucid.bench.kernel` and `lucid.bench.phase`): what is compared are whole steps, seconds against seconds.
/// Start with [PeerRuns].
package lucid.bench.peers;
