package lucid.nn.generate.processor;

/// `epsilon_cutoff` ε: drops tokens of a probability below ε. Hewitt et al. 2022, arXiv 2210.15191.
public record EpsilonCutoff(double epsilon) implements SampleFilter {
    public EpsilonCutoff { LogitsProcessor.checkWithin("epsilon_cutoff", epsilon, 0, 1); }

    @Override public void apply(float[] logits, TokenContext context) {
        double[] p = SampleFilter.probabilities(logits);
        SampleFilter.drop(logits, i -> p[i] < epsilon);
    }

    @Override public String field() { return "epsilon_cutoff " + epsilon; }
}
