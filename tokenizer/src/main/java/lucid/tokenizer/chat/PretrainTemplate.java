package lucid.tokenizer.chat;

import lucid.tokenizer.Tokenizer;

import java.util.Objects;

/// TinyLLaVA's template `pretrain`, which teaches the connector from captions: `<image>caption\n`, all but the image trained, no end token.
public final class PretrainTemplate {
    private final Tokenizer tokenizer;

    public PretrainTemplate(Tokenizer tokenizer) {
        this.tokenizer = Objects.requireNonNull(tokenizer, "PretrainTemplate: tokenizer is null");
    }

    /// The text of a caption.
    public String prompt(String caption) {
        return render(caption).text();
    }

    /// A caption with labels.
    public Encoded training(String caption) {
        return render(caption).encode(tokenizer);
    }

    private static MaskedText render(String caption) {
        return new MaskedText().add(MaskedText.IMAGE_TAG, false).add(caption + "\n", true);
    }
}
