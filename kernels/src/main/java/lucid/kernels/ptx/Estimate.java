package lucid.kernels.ptx;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/// An ESTIMATE of the least time that the counted work takes on a card: the slowest of its resources, each busy all the time, all multiprocessors
/// evenly loaded. Latencies, dependences and the cost of a launch are not in it, so a real run is slower; data that the L2 cache serves
/// again makes the memory figure too high, so a real run may also be faster than that one.
///
/// @param card whose peaks
/// @param microseconds by resource
/// @param bound the resource that takes longest, null when nothing was counted
public record Estimate(Card card, Map<Resource, Double> microseconds, Resource bound) {
    private static final int SECTOR = 32;
    /// Warp schedulers of a multiprocessor, one instruction per clock each.
    private static final int SCHEDULERS = 4;

    /// What can be the limit.
    public enum Resource { MEMORY, TENSOR_CORES, FLOATING_POINT_UNITS, SHARED_MEMORY, INSTRUCTION_ISSUE }

    static Estimate of(Profile profile, Card card) {
        var times = new EnumMap<Resource, Double>(Resource.class);
        times.put(Resource.MEMORY, profile.sectors() * SECTOR / card.bandwidth() / 1e3);
        double tensor = 0;
        double scalar = 0;
        for (var entry : profile.flops().entrySet()) {
            Double peak = card.peaks().get(entry.getKey());
            if (peak == null) {
                throw new IllegalArgumentException("estimate: " + card.name() + " has no unit for " + entry.getKey() + "; choose another card");
            }
            double time = entry.getValue() / peak / 1e3;
            boolean cores = entry.getKey().name().startsWith("TENSOR");
            tensor += cores ? time : 0;
            scalar += cores ? 0 : time;
        }
        times.put(Resource.TENSOR_CORES, tensor);
        times.put(Resource.FLOATING_POINT_UNITS, scalar);
        double clocks = card.multiprocessors() * card.clock() * 1e3;
        times.put(Resource.SHARED_MEMORY, profile.wavefronts() / clocks);
        times.put(Resource.INSTRUCTION_ISSUE, profile.total() / clocks / SCHEDULERS);
        Resource bound = times.entrySet().stream().filter(e -> e.getValue() > 0).max(Map.Entry.comparingByValue()).map(Map.Entry::getKey)
                .orElse(null);
        return new Estimate(card, times, bound);
    }

    /// The bound's time.
    public double total() {
        return bound == null ? 0 : microseconds.get(bound);
    }

    /// The fraction of the roofline that the counted work can reach at most: the time of what the kernel is for (memory traffic or arithmetic,
    /// whichever is longer) over the time of the bound.
    public double rooflineFraction() {
        double useful = Math.max(microseconds.get(Resource.MEMORY),
                Math.max(microseconds.get(Resource.TENSOR_CORES), microseconds.get(Resource.FLOATING_POINT_UNITS)));
        return bound == null ? 0 : useful / total();
    }

    @Override
    public String toString() {
        if (bound == null) {
            return "estimate for " + card.name() + ": nothing was counted";
        }
        return String.format(Locale.ROOT, "estimate for %s (peaks only, no latency): at least %.3f us, bound by %s; at most %.0f %% of the roofline",
                card.name(), total(),
                bound.name().toLowerCase(Locale.ROOT).replace('_', ' '), 100 * rooflineFraction());
    }
}
