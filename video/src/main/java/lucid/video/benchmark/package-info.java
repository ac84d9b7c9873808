/// Published multiple-choice benchmarks about clips, each described by a small JSON file that maps its annotation layout to one kind of question, and
/// one reader for all of them. It asks no model and judges no answer, and it fetches nothing: clips and annotations lie where the user put them.
/// Start with [Benchmark], then [BenchmarkReader].
package lucid.video.benchmark;
