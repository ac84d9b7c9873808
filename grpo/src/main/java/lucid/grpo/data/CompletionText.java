package lucid.grpo.data;

import java.util.Arrays;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.chat.PythonText;

/// What rewards and evaluations read of a completion.
public final class CompletionText {
    private CompletionText() {}

    /// The text of the ids, special tokens left out, without white space at its ends (Python's `strip`, as in the published code).
    public static String of(Tokenizer tokenizer, int[] ids) { return PythonText.strip(tokenizer.decode(known(tokenizer, ids), true)); }

    /// The ids that the tokenizer can decode: a head may have more rows than the tokenizer has tokens (Qwen2.5: 151,936 and 151,665), and a sampler
    /// may draw any. Like `batch_decode` of transformers.
    public static int[] known(Tokenizer tokenizer, int[] ids) { return Arrays.stream(ids).filter(id -> id < tokenizer.vocabSize()).toArray(); }
}
