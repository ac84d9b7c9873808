package lucid.grpo.evaluation;

/// Right answers out of so many, with the 95 % interval of Wilson (1927), which stays inside 0..1 and means something for few questions too.
public record Score(int questions, int right) {
    private static final double Z = 1.959963984540054;

    public Score {
        if (right < 0 || right > questions) throw new IllegalArgumentException(right + " right answers to " + questions + " questions");
    }

    Score plus(boolean correct) { return new Score(questions + 1, right + (correct ? 1 : 0)); }

    /// Not a number where nothing was asked.
    public double accuracy() { return questions == 0 ? Double.NaN : (double) right / questions; }

    /// Lower end of the interval, in 0..1.
    public double low() { return bound(-1); }

    /// Upper end of the interval, in 0..1.
    public double high() { return bound(1); }

    // Exact where nothing or everything is right: there the root's rounding would leave 5e-17 where the formula says 0.
    // (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    private double bound(int side) {
        if (right == (side < 0 ? 0 : questions)) return side < 0 ? 0 : 1;
        double n = questions;
        double p = accuracy();
        double half = Z * Math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
        return Math.clamp((p + Z * Z / (2 * n) + side * half) / (1 + Z * Z / n), 0, 1);
    }
}
