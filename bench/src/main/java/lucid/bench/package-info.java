/// `lucid bench`: runs JMH benchmarks by pattern and prints one table with the limit, the fraction of it, and the peers.
/// No kernel or phase knows of it. With a model, one question is timed instead ([QuestionRun]).
/// Start with [Bench].
package lucid.bench;
