/// Ten thousand damaged files of every kind that Lucid reads from outsiders: each is refused by name, or is what an independent reader says it is.
/// Not a test of what sound files mean: parity and the formats' own tests hold that.
/// Start with [FuzzTest], then [Sweep].
package lucid.grpo.fuzz;
