package lucid.nn.optim;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Learning rate by step, as the schedules of Hugging Face's Trainer (transformers/optimization.py). Step 0 is the first update's: with
/// warm-up its rate is 0. All in double; cosines by StrictMath, so that every machine gets the same rate.
///
/// @param lr     peak learning rate
/// @param total  number of updates
/// @param warmup updates of linear warm-up
/// @param args   further constants of the kind, see [Kind]; unknown ones are refused
public record Schedule(Kind kind, double lr, int total, int warmup, Map<String, Double> args) {
    /// The kinds, with the arguments they know.
    public enum Kind {
        LINEAR, COSINE("num_cycles"), CONSTANT, CONSTANT_WITH_WARMUP, COSINE_WITH_RESTARTS("num_cycles"),
        COSINE_WITH_MIN_LR("num_cycles", "min_lr", "min_lr_rate"), POLYNOMIAL("lr_end", "power"), INVERSE_SQRT("timescale"),
        WARMUP_STABLE_DECAY("num_decay_steps", "num_stable_steps", "min_lr_ratio", "num_cycles");

        private final Set<String> known;

        Kind(String... known) { this.known = Set.of(known); }

        /// The kind of a published name such as `cosine_with_restarts`.
        public static Kind of(String name) {
            for (Kind k : values()) if (k.published().equals(name)) return k;
            throw new IllegalArgumentException("learning rate schedule \"" + name + "\" is unknown; wanted one of "
                    + Arrays.stream(values()).map(Kind::published).collect(Collectors.joining(", ")));
        }

        /// As recipes and the Trainer write it.
        public String published() { return name().toLowerCase(Locale.ROOT); }
    }

    public Schedule {
        if (!(lr >= 0) || total < 0 || warmup < 0) {
            throw new IllegalArgumentException("schedule with lr " + lr + ", " + total + " steps, " + warmup + " of warm-up: wanted numbers >= 0");
        }
        args = Map.copyOf(args);
        for (String key : args.keySet()) {
            if (!kind.known.contains(key))
                throw new IllegalArgumentException("schedule " + kind.published() + " has no argument \"" + key + "\"; it knows " + kind.known);
        }
        if (kind == Kind.COSINE_WITH_MIN_LR && args.containsKey("min_lr") == args.containsKey("min_lr_rate")) {
            throw new IllegalArgumentException("schedule cosine_with_min_lr wants exactly one of min_lr and min_lr_rate");
        }
        if (kind == Kind.WARMUP_STABLE_DECAY && !args.containsKey("num_decay_steps")) {
            throw new IllegalArgumentException("schedule warmup_stable_decay wants num_decay_steps");
        }
        if (kind == Kind.POLYNOMIAL && !(lr > args.getOrDefault("lr_end", 1e-7))) {
            throw new IllegalArgumentException("schedule polynomial ends at " + args.getOrDefault("lr_end", 1e-7)
                    + ", wanted less than its peak " + lr);
        }
    }

    /// Without further constants; refused for a kind that needs some.
    public Schedule(Kind kind, double lr, int total, int warmup) { this(kind, lr, total, warmup, Map.of()); }

    /// Warm-up steps of a ratio: rounded up, in double arithmetic, as the Trainer does (687 · 0.03 -> 21).
    public static int warmupSteps(int total, double ratio) { return (int) Math.ceil(total * ratio); }

    /// The learning rate of the update that follows `step` earlier ones.
    public double at(int step) { return lr * factor(step); }

    private double factor(int step) {
        return switch (kind) {
            case CONSTANT -> 1.0;
            case WARMUP_STABLE_DECAY -> stableDecay(step);
            case INVERSE_SQRT -> step < warmup ? rising(step) : inverseSqrt(step);
            default -> step < warmup ? rising(step) : falling(step);
        };
    }

    private double rising(int step) { return (double) step / Math.max(1, warmup); }

    private double falling(int step) {
        double progress = (double) (step - warmup) / Math.max(1, total - warmup);
        return switch (kind) {
            case LINEAR -> Math.max(0.0, (double) (total - step) / Math.max(1, total - warmup));
            case CONSTANT_WITH_WARMUP -> 1.0;
            case COSINE -> Math.max(0.0, cosine(arg("num_cycles", 0.5) * 2.0 * progress));
            case COSINE_WITH_RESTARTS -> progress >= 1 ? 0.0 : Math.max(0.0, cosine(arg("num_cycles", 1) * progress % 1.0));
            case COSINE_WITH_MIN_LR -> {
                double floor = args.containsKey("min_lr") ? args.get("min_lr") / lr : args.get("min_lr_rate");
                yield Math.max(0.0, cosine(arg("num_cycles", 0.5) * 2.0 * progress) * (1 - floor) + floor);
            }
            case POLYNOMIAL -> polynomial(step);
            case CONSTANT, INVERSE_SQRT, WARMUP_STABLE_DECAY -> throw new IllegalStateException(kind + " is not a falling kind");
        };
    }

    private double polynomial(int step) {
        double end = arg("lr_end", 1e-7);
        if (step > total) return end / lr;
        double remaining = 1 - (double) (step - warmup) / (total - warmup);
        return ((lr - end) * StrictMath.pow(remaining, arg("power", 1)) + end) / lr;
    }

    private double inverseSqrt(int step) {
        double timescale = arg("timescale", warmup > 0 ? warmup : 10_000);
        return 1.0 / Math.sqrt((step + timescale - warmup) / timescale);
    }

    private double stableDecay(int step) {
        double floor = arg("min_lr_ratio", 0);
        int decay = (int) arg("num_decay_steps", 0);
        int stable = (int) arg("num_stable_steps", total - warmup - decay);
        if (step < warmup) return rising(step) * (1 - floor) + floor;
        if (step < warmup + stable) return 1;
        if (step >= warmup + stable + decay) return floor;
        double progress = (double) (step - warmup - stable) / Math.max(1, decay);
        return Math.max(0.0, cosine(arg("num_cycles", 0.5) * 2.0 * progress)) * (1 - floor) + floor;
    }

    /// Half a raised cosine: 1 at 0, 0 at 1.
    private static double cosine(double turns) { return 0.5 * (1.0 + StrictMath.cos(Math.PI * turns)); }

    private double arg(String name, double fallback) { return args.getOrDefault(name, fallback); }
}
