/// Recipes: every constant of a run, by name, in one JSON file; read strictly, so that a misspelt key is refused and the nearest one suggested.
/// A recipe says what to do, never how; the published systems are shipped under `recipes/`.
/// Start with [Recipe].
package lucid.grpo.recipe;
