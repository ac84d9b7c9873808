package lucid.grpo.cli.model;

import lucid.nn.model.WeightOrder;
import picocli.CommandLine.Option;

/// `--weights`, the same wherever a model answers.
public final class WeightOption {
    @Option(names = "--weights", paramLabel = "LAYOUT", description = "${COMPLETION-CANDIDATES} (default: PACKED for chat and eval, where there are "
            + "many answers, READY for one). READY: what `lucid model pack` wrote is read, if it was called for this model; otherwise the weights "
            + "where they lie. PACKED: if it was not, a CPU copies the decoder's weights while it answers, little by little, into the order "
            + "in which its products read them (not those of f16), and gives the pages of the file back: tokens come faster, once they have paid "
                    + "for the new memory (some 30 tokens; 200 where a virtual machine's host must find it first). MAPPED: all weights are read "
                    + "where they lie, whatever else there is. The answers are the same.")
    private WeightOrder weights;

    /// Whether the command line says it.
    public boolean given() { return weights != null; }

    /// @param usual where the command line does not say it
    public WeightOrder order(WeightOrder usual) { return weights == null ? usual : weights; }
}
