package lucid.tokenizer.chat;

import lucid.tokenizer.Tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// Text in runs that are trained or not, and its encoding: the text is cut at each `<image>`, what lies between is tokenised as a whole, and a token
/// is trained when its first byte lies in a trained run.
///
/// Runs must meet where neither a pre-token nor a composition can cross (after `ASSISTANT:` before a space, after an added token), so that each run's
/// length in bytes is known without the other.
final class MaskedText {
    static final String IMAGE_TAG = "<image>";

    private record Run(String text, boolean trained) {}

    private final List<Run> runs = new ArrayList<>();

    MaskedText add(String text, boolean trained) {
        runs.add(new Run(text, trained));
        return this;
    }

    String text() {
        StringBuilder text = new StringBuilder();
        for (Run run : runs) text.append(run.text);
        return text.toString();
    }

    Encoded encode(Tokenizer tokenizer) {
        IntStream.Builder ids = IntStream.builder();
        IntStream.Builder labels = IntStream.builder();
        List<Run> piece = new ArrayList<>();
        for (Run run : runs) {
            String[] parts = run.text.split(IMAGE_TAG, -1);
            for (int i = 0; i < parts.length; i++) {
                if (i > 0) {
                    encodePiece(tokenizer, piece, ids, labels);
                    piece.clear();
                    ids.add(Encoded.IMAGE);
                    labels.add(run.trained ? Encoded.IMAGE : Encoded.IGNORE);
                }
                piece.add(new Run(parts[i], run.trained));
            }
        }
        encodePiece(tokenizer, piece, ids, labels);
        return new Encoded(ids.build().toArray(), labels.build().toArray());
    }

    private static void encodePiece(Tokenizer tokenizer, List<Run> piece, IntStream.Builder ids, IntStream.Builder labels) {
        StringBuilder text = new StringBuilder();
        int[] ends = new int[piece.size()];
        int total = 0;
        for (int i = 0; i < ends.length; i++) {
            text.append(piece.get(i).text);
            total += tokenizer.normalize(piece.get(i).text).getBytes(StandardCharsets.UTF_8).length;
            ends[i] = total;
        }
        int at = 0;
        int run = 0;
        for (int id : tokenizer.encode(text.toString())) {
            while (at >= ends[run]) run++;
            ids.add(id);
            labels.add(piece.get(run).trained ? id : Encoded.IGNORE);
            at += tokenizer.byteLength(id);
            if (at > total) break;
        }
        if (at != total)
            throw new IllegalStateException("template: the tokens of '" + text + "' spell " + at + " bytes, its runs " + total
                    + "; a run boundary was merged across");
    }
}
