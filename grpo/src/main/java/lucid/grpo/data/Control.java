package lucid.grpo.data;

import java.util.Arrays;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import lucid.grpo.run.RunException;
import lucid.video.drift.Draw;

/// What is done to the clip before the model sees it.
public enum Control {
    NONE("the clip as it is"), BLANK("a grey clip: what the text alone is worth"),
            OTHER("another question's clip: the answer must come from this clip"),
    SHUFFLED("frames in random order"), REVERSED("played backwards: order-dependent answers must turn round, below chance"),
            REPEATED("one frame, repeated");

    private static final byte GREY = 60;

    private final String note;

    Control(String note) { this.note = note; }

    /// What the control is for, in words of the report.
    public String note() { return note; }

    /// For [#OTHER], the number of the question whose clip is shown: the one half the list away, or the next after it whose clip is another one. For
    /// every question a different one, where each has a clip of its own.
    ///
    /// @param questions in the list
    /// @param number    of the question, in it
    /// @param another   whether a question's clip is another one, which can be shown
    /// @return empty: there is none
    public static OptionalInt other(int questions, int number, IntPredicate another) {
        return IntStream.range(0, questions).map(i -> (number + questions / 2 + i) % questions).filter(another).findFirst();
    }

    /// The refusal of [#OTHER] for questions that are all about one clip.
    public static RunException noOther(Object only) {
        return new RunException("control other: found one clip only, " + only
                + ", wanted at least two: every question is shown the clip of another; ask about more clips, or take another control");
    }

    /// A clip as this control shows it; which clip it is for [#OTHER] is the caller's business, see [#other].
    ///
    /// @param clip   frames one after the other
    /// @param number of the question: the order of shuffled frames depends on it
    public byte[] of(byte[] clip, int frames, int number) {
        if (this == NONE || this == OTHER) return clip;
        byte[] shown = new byte[clip.length];
        if (this == BLANK) {
            Arrays.fill(shown, GREY);
            return shown;
        }
        int picture = clip.length / frames;
        int[] order = Draw.of(9, "shuffled frames", number).permutation(frames);
        for (int f = 0; f < frames; f++) {
            int source = this == SHUFFLED ? order[f] : this == REVERSED ? frames - 1 - f : Math.max(0, frames / 2 - 1);
            System.arraycopy(clip, source * picture, shown, f * picture, picture);
        }
        return shown;
    }
}
