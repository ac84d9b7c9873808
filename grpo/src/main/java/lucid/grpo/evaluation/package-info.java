/// Published benchmarks asked of a model: the protocol, the extraction of a letter from what it says, the record of every answer, and the scores.
/// It trains nothing and reads no annotation file itself (that is `lucid.video.benchmark`); the held-out questions of a training run are asked by
/// `lucid.grpo.train.Evaluator`. Start with [BenchmarkEvaluation], then [BenchmarkRun].
package lucid.grpo.evaluation;
