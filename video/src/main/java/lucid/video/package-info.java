/// Video files and pictures to frames, frames to pixels, and the data sets of clips and questions in their published layouts.
/// It knows nothing of tensors, models or training: what leaves here are bytes and floats in plain arrays.
/// Start with [Frames] and [lucid.video.file.VideoReader], then [FrameSampling] and [lucid.video.pixels.SiglipPixels].
package lucid.video;
