package lucid.nn.generate;

import java.util.List;
import lucid.kernels.contract.operand.DType;
import lucid.nn.generate.processor.LogitsProcessors;
import lucid.nn.generate.processor.TokenContext;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// The next tokens of some rows. They are drawn from the processed logits and scored on the raw ones, as the trainer will score them.
record Choice(int[] ids, float[] logProbs, float[] entropy) {
    /// @param logits   f32 [rows, vocabulary]
    /// @param counters Philox counters, four for each row
    /// @param rows     context of each row; read only where there are processors
    static Choice of(Scope step, Tensor logits, GenerationSettings settings, int[] counters, List<TokenContext> rows) {
        int n = logits.shape().rows();
        Tensor chosen = Tensor.undefined(step, DType.I32, n);
        Tensor logProb = Tensor.undefined(step, DType.F32, n);
        Tensor spread = Tensor.undefined(step, DType.F32, n);
        Tensor lse = Tensor.undefined(step, DType.F32, n);
        LogitsProcessors.Prepared drawn = settings.processors().prepare(step, settings.rule(), logits, rows);
        var device = logits.device();
        device.sampling().sample(drawn.rule(), drawn.logits().matrix(), settings.key(), Tensor.ints(step, counters, n, 4).buffer(), chosen.buffer());
        device.logProb().ofLogits(logits.matrix(), chosen.buffer(), settings.scoreTemperature(), logProb.buffer(), spread.buffer(), lse.buffer());
        return new Choice(chosen.toInts(), logProb.toFloats(), spread.toFloats());
    }
}
