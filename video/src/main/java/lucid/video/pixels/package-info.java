/// Frames to the sizes and numbers that vision models were trained on: Pillow's bicubic resize, SigLIP's normalisation, Qwen2-VL's sizes.
/// It reads no files.
/// Start with [SiglipPixels].
package lucid.video.pixels;
