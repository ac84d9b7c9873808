/// Data sets of questions about clips, read and written in the two published layouts, and a disk cache of decoded clips.
/// It does not decide what is trained on what, and knows no prompt template but the published instruction sentence.
/// Start with [ClipQuestion] and [QuestionFiles], then [ClipCache].
package lucid.video.data;
