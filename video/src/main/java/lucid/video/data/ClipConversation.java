package lucid.video.data;

/// What was said about a clip: a caption or the answer to an open question, in the layout that base training is published in.
///
/// @param id       as published
/// @param video    path of the clip as written, relative to the data folder
/// @param question without the image tag; may be empty
/// @param answer   as written
public record ClipConversation(String id, String video, String question, String answer) {}
