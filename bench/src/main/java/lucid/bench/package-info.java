/// `lucid bench`: runs JMH benchmarks by pattern and prints one table with the limit, the fraction of it, and the peers.
/// It measures nothing itself and no kernel or phase knows of it.
/// Start with [Bench].
package lucid.bench;
