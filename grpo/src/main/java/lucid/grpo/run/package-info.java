/// The run folder: what a training run writes, complete or not at all, and how it is taken up again after a kill.
/// It knows numbers, files and hashes; what they mean is the trainer's business.
/// Start with [RunFolder], which writes, and [RunReader], which reads for people.
package lucid.grpo.run;
