package lucid.grpo.data;

/// Decoded frames by clip number: interleaved RGB bytes [frames, size, size, 3].
public interface ClipStore {
    byte[] frames(int clip);

    int framesPerClip();

    int size();

    /// The clip's file, relative to the data set's folder.
    String name(int clip);

    /// Hash of the files' content.
    String contentHash();
}
