/// Autoregressive generation: one shared prefix per prompt, many completions in lock step over one key/value cache.
/// It samples and scores; it judges nothing and trains nothing.
/// Start with [Generator]; [Conversation] is one sequence in turns.
package lucid.nn.generate;
