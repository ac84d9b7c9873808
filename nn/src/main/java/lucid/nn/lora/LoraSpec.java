package lucid.nn.lora;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Which weights of the decoder are adapted, and how.
///
/// @param r       rank
/// @param alpha   scale is `alpha / r`, or `alpha / √r` with rsLora (Kalajdzievski 2023)
/// @param targets last parts of the names of the adapted layers: any of [#TARGETS]
/// @param modules whole names of the adapted layers, `model.layers.0.self_attn.q_proj`, of an adapter that leaves some out; empty: the targets of all
/// blocks
public record LoraSpec(int r, double alpha, boolean rsLora, List<String> targets, Set<String> modules) {
    /// All linear layers of a decoder block.
    public static final List<String> TARGETS = List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    public LoraSpec {
        if (r < 1) throw new IllegalArgumentException("lora: r " + r + ", wanted at least 1");
        if (!(alpha > 0) || Double.isInfinite(alpha)) throw new IllegalArgumentException("lora: alpha " + alpha + ", wanted more than 0");
        if (targets.isEmpty() || new HashSet<>(targets).size() < targets.size() || !TARGETS.containsAll(targets)) {
            throw new IllegalArgumentException("lora: target_modules " + targets + ", wanted some of " + TARGETS + ", each once");
        }
        targets = List.copyOf(targets);
        modules = Set.copyOf(modules);
    }

    /// The targets of all blocks.
    public LoraSpec(int r, double alpha, boolean rsLora, List<String> targets) { this(r, alpha, rsLora, targets, Set.of()); }

    /// What `B · A` is multiplied with: `alpha / r`, or `alpha / √r` with rsLora.
    public float scale() { return (float) (rsLora ? alpha / Math.sqrt(r) : alpha / r); }

    /// @param module name of a layer, `model.layers.0.self_attn.q_proj`
    public boolean adapts(String module) {
        return modules.isEmpty() ? targets.contains(module.substring(module.lastIndexOf('.') + 1)) : modules.contains(module);
    }
}
