/// Drift: Lucid's own data set of short clips of moving shapes with multiple-choice questions, made from a seed.
/// Scenes, pictures and texts here are functions of (seed, index) alone; nothing remembers what was drawn before, and nothing reads a file.
/// Start with [Scene], then [DriftText].
package lucid.video.drift;
