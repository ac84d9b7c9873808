package lucid.kernels.corpus;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import lucid.kernels.ptx.Launch;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.text.PtxModule;

/// Runs a case in the emulator and compares.
final class Emulation {
    /// Enough for every case several times over; an endless loop ends here.
    private static final long BUDGET = 4_000_000;

    private Emulation() {
    }

    /// The order of warps, the moment of asynchronous work, and the seed of both.
    record Adversary(Schedule schedule, Timing timing, long seed) {
        /// The three timings and the three schedules, not every pair of them.
        static List<Adversary> some() {
            return List.of(new Adversary(Schedule.ROUND_ROBIN, Timing.LATE, 1), new Adversary(Schedule.ONE_AHEAD, Timing.EARLY, 2),
                    new Adversary(Schedule.RANDOM, Timing.RANDOM, 3),
                    new Adversary(Schedule.ONE_AHEAD, Timing.LATE, 4));
        }
    }

    static Outcome run(String name, String text, CorpusCase c, Adversary adversary) {
        return run(name, text, c, adversary, BUDGET);
    }

    /// @param budget warp-instructions before the run is stopped
    static Outcome run(String name, String text, CorpusCase c, Adversary adversary, long budget) {
        GlobalMemory memory = new GlobalMemory(adversary.seed());
        Launch launch = Launch.of(PtxModule.parse(name, text), c.kernel()).memory(memory).grid(c.grid()[0], c.grid()[1], c.grid()[2])
                .block(c.block()[0], c.block()[1], c.block()[2])
                .cluster(c.cluster()[0], c.cluster()[1], c.cluster()[2]).shared(c.shared()).schedule(adversary.schedule(), adversary.seed())
                        .timing(adversary.timing()).budget(budget)
                .threads(1);
        Map<String, Long> addresses = new HashMap<>();
        for (CorpusCase.Argument argument : c.arguments()) {
            switch (argument) {
                case CorpusCase.Whole(String parameter, int value) -> launch.argument(parameter, (long) value);
                case CorpusCase.Real(String parameter, float value) -> launch.argument(parameter, value);
                case CorpusCase.Array(String parameter, int bytes, byte[] content, boolean hidden) -> {
                    long address = content == null ? memory.allocate(parameter, bytes) : memory.allocate(parameter, content);
                    addresses.put(parameter, address);
                    if (!hidden) launch.argument(parameter, address);
                }
                case CorpusCase.Map m -> launch.argument(m.name(),
                        new TensorMap(m.type(), addresses.get(m.array()), m.dims(), m.strides(), m.box(), m.swizzle(), false).encode());
            }
        }
        RunReport report = launch.run();
        Set<String> kinds = new TreeSet<>();
        List<String> lines = new ArrayList<>();
        report.findings().forEach(f -> {
            kinds.add(f.kind().name());
            lines.add(f.toString());
        });
        for (CorpusCase.Expected expected : c.expected()) compare(memory, addresses.get(expected.array()), expected, kinds, lines);
        return new Outcome(kinds, lines);
    }

    private static void compare(GlobalMemory memory, long address, CorpusCase.Expected expected, Set<String> kinds, List<String> lines) {
        int size = expected.format() == CorpusCase.Format.BF16 ? 2 : 4;
        int n = expected.values().length;
        long missing = memory.uninitialised(address, (long) n * size);
        if (missing > 0) {
            kinds.add("RESULT");
            lines.add(expected.array() + ": " + missing + " of " + n * size + " bytes never written");
        }
        byte[] bytes = memory.read(address, n * size);
        int wrong = 0;
        String first = "";
        for (int i = 0; i < n; i++) {
            double got = Data.number(bytes, expected.format(), i);
            if (Math.abs(got - expected.values()[i]) <= expected.bounds()[i]) continue;
            if (wrong++ == 0) first = "[" + i + "] = " + got + ", wanted " + expected.values()[i] + " within " + expected.bounds()[i];
        }
        if (wrong > 0) {
            kinds.add("RESULT");
            lines.add(expected.array() + ": " + wrong + " of " + n + " values wrong, first " + first);
        }
    }
}
