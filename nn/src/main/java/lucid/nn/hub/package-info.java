/// Models by name: `org/name` on the Hugging Face hub becomes a folder of the cache that all its tools share, downloaded once.
/// It reads no weights and knows no models; what it hands out is a folder.
/// Start with [Hub].
package lucid.nn.hub;
