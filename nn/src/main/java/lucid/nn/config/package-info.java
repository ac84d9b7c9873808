/// Model configurations: records read from, and written to, the published `config.json`, with the library's defaults for keys it leaves out.
/// They hold sizes and switches only; no weights, no files but the JSON itself.
/// Start with [TinyLlavaConfig].
package lucid.nn.config;
