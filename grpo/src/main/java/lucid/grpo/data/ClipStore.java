package lucid.grpo.data;

/// Decoded frames by clip number: interleaved RGB bytes [frames, size, size, 3].
public interface ClipStore {
    /// @param clip number of the clip, from 0
    byte[] frames(int clip);

    /// Frames that were chosen of every clip.
    int framesPerClip();

    /// Height and width of a frame in pixels.
    int size();

    /// The clip's file, relative to the data set's folder.
    String name(int clip);

    /// Hash of the files' content.
    String contentHash();
}
