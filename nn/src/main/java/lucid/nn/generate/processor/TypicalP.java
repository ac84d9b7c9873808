package lucid.nn.generate.processor;

import java.util.Comparator;
import java.util.stream.IntStream;

/// `typical_p` m: tokens ordered by how far their surprise is from the expected one, `| -log p - H |`; the nearest that make up a probability of m
/// stay, and all as near as the last of them. Meister et al. 2022, arXiv 2202.00666.
public record TypicalP(double mass) implements SampleFilter {
    public TypicalP { LogitsProcessor.checkWithin("typical_p", mass, 0, 1); }

    @Override public void apply(float[] logits, TokenContext context) {
        double[] p = SampleFilter.probabilities(logits);
        double entropy = SampleFilter.entropy(p);
        double[] distance = new double[p.length];
        for (int i = 0; i < p.length; i++) distance[i] = p[i] == 0 ? Double.POSITIVE_INFINITY : Math.abs(-StrictMath.log(p[i]) - entropy);
        int[] nearest = IntStream.range(0, p.length).filter(i -> p[i] > 0).boxed().sorted(Comparator.comparingDouble(i -> distance[i]))
                .mapToInt(Integer::intValue).toArray();
        int last = 0;
        for (double sum = p[nearest[0]]; last < nearest.length - 1 && sum < mass; sum += p[nearest[last]]) last++;
        double limit = distance[nearest[last]];
        for (int i = 0; i < p.length; i++) if (distance[i] > limit) logits[i] = Float.NEGATIVE_INFINITY;
    }

    @Override public String field() { return "typical_p " + mass; }
}
