/// What every writer and reader of files here shares: files that appear whole or not at all, JSON with strict fields, and an I/O error's cause in
/// words. It knows no weights and no configuration.
/// Start with [AtomicFile].
package lucid.nn.disk;
