/// Golden cases of the families `preprocess`, `decode` and `frames`, run and compared row by row.
/// It reads case files and calls the public API of [lucid.video]; it holds no preprocessing of its own.
/// Start with [VideoParity].
package lucid.video.parity;
