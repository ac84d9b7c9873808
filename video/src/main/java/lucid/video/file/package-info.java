/// Video files and pictures, read and written through FFmpeg: which packets hold the wanted frames, colours to RGB, orientation, and what a damaged
/// file is called. It does not choose frames (that is [lucid.video.FrameSampling]) and knows no model's pixels.
/// Start with [VideoReader], then [PictureCopy], where a decoded picture becomes RGB.
package lucid.video.file;
