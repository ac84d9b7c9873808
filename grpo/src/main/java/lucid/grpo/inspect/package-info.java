/// Looking into a run folder: what a step, a group, a completion and a single token were and did.
/// It reads what training wrote and recomputes only the formulas of one token; it never loads a model and changes nothing.
/// Start with [Inspection].
package lucid.grpo.inspect;
