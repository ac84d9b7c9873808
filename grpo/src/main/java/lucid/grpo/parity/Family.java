package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import lucid.nn.parity.Parity;
import lucid.tokenizer.parity.TokenizerParity;
import lucid.video.parity.VideoParity;

/// What a case is about, told by its content: the kind that case.json names, or the fields of a table.
enum Family {
    MODEL, STEP, POLICY, OPTIM, SAMPLING, VIDEO, TOKENIZER;

    /// @param path a folder with case.json, or a table
    /// @param json what stands in that file
    static Optional<Family> of(Path path, JsonNode json) throws IOException {
        if (Files.isDirectory(path)) {
            String kind = json.path("kind").asText();
            if (Parity.kinds().contains(kind)) return Optional.of(MODEL);
            if (kind.equals(StepParity.KIND)) return Optional.of(STEP);
        } else {
            if (PolicyParity.recognises(json)) return Optional.of(POLICY);
            if (Parity.handlesTable(json)) return Optional.of(OPTIM);
            if (SamplingParity.recognises(json)) return Optional.of(SAMPLING);
        }
        if (VideoParity.handles(path)) return Optional.of(VIDEO);
        return TokenizerParity.recognise(path).isPresent() ? Optional.of(TOKENIZER) : Optional.empty();
    }

    /// Everything that [#of] knows.
    static String known() {
        return "a folder whose case.json is of kind " + Parity.kinds().stream().sorted().toList() + ", preprocess.*, bpe_training or "
                + StepParity.KIND
                + ", or a table of rewards, losses, advantages, KL, optimisers, schedules, sampling, decoding, frame choices or tokenizer vectors";
    }
}
