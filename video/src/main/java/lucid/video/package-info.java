/// Video files and pictures to frames, frames to pixels, and the data sets of clips and questions in their published layouts.
/// It knows nothing of tensors, models or training: what leaves here are bytes and floats in plain arrays.
/// Start with [Frames] and [VideoReader], then [FrameSampling] and [SiglipPixels].
package lucid.video;
