package lucid.bench.peers;

import java.nio.file.Path;
import java.util.Random;
import lucid.kernels.Device;
import lucid.nn.generate.Conversation;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.model.Checkpoint;
import lucid.nn.model.WeightOrder;

/// Twin of `generate_full.py`: the prompt of a question about a clip, or an answer to it, by a decoder of any size, with its weights as `lucid
/// generate` keeps them.
final class FullText implements Workload {
    /// Rows of a prompt with a clip: 512 visual ones and the text.
    static final int PROMPT = 600;
    static final int NEW_TOKENS = 8;

    private final Checkpoint checkpoint;
    private final Conversation talk;
    private final boolean decoding;
    private final int[] ids;

    /// @param decoding the answer; otherwise the prompt
    FullText(Device device, Path model, boolean decoding) {
        this.decoding = decoding;
        checkpoint = Checkpoint.open(device, model, null, WeightOrder.PACKED);
        talk = new Conversation(checkpoint.decoder(), PROMPT + NEW_TOKENS + 1);
        ids = Workload.ids(new Random(1), PROMPT, checkpoint.decoder().config());
        if (decoding) talk.add(ids, null, (_, _) -> {});
    }

    /// A repetition of decoding is `NEW_TOKENS` passes over all weights: one for the row that is added, one for every new token but the last.
    @Override public void run() {
        if (decoding) {
            talk.rewind(PROMPT);
            talk.add(new int[] {ids[0]}, null, (_, _) -> {});
            int drawn = talk.answer(GenerationSettings.greedy(NEW_TOKENS, -1), 0, null).length();
            if (drawn != NEW_TOKENS) throw new IllegalStateException("the answer has " + drawn + " tokens, wanted " + NEW_TOKENS);
        } else {
            talk.rewind(0);
            talk.add(ids, null, (_, _) -> {});
        }
    }

    @Override public int tokens() { return decoding ? NEW_TOKENS : PROMPT; }

    @Override public void close() {
        talk.close();
        checkpoint.close();
    }
}
