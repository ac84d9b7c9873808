/// Lucid as one folder that needs no Java: a small runtime made by `jlink`, the jars, the launcher; for a server with a GPU and nothing else.
/// It builds nothing: it packs the classes that are running.
/// Start with [Bundle].
package lucid.grpo.bundle;
