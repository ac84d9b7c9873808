package lucid.nn.generate.processor;

/// `eta_cutoff` ε: drops tokens of a probability below `min(ε, √ε · exp(-H))`, H the entropy: the flatter the distribution, the lower the bar. Hewitt
/// et al. 2022, arXiv 2210.15191.
public record EtaCutoff(double epsilon) implements SampleFilter {
    public EtaCutoff { LogitsProcessor.checkWithin("eta_cutoff", epsilon, 0, 1); }

    @Override public void apply(float[] logits, TokenContext context) {
        double[] p = SampleFilter.probabilities(logits);
        double bar = Math.min(epsilon, Math.sqrt(epsilon) * StrictMath.exp(-SampleFilter.entropy(p)));
        SampleFilter.drop(logits, i -> p[i] < bar);
    }

    @Override public String field() { return "eta_cutoff " + epsilon; }
}
