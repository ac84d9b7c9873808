/// How much memory a piece of work needs, said before anything is allocated: what needs what, and a refusal with that table where it does not fit.
/// It computes with configurations only; it neither allocates nor measures.
/// Start with [MemoryPlans].
package lucid.nn.memory;
