package lucid.bench.gpu;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import lucid.grpo.console.UsageException;
import lucid.kernels.CudaDevice;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.gpu.nvidia.GpuUnavailableException;

/// Times the kernels on a GPU by events in its stream and prints a table beside the floors of one H200: 4.3 TB/s, 790 TFLOP/s dense bf16, 67 TFLOP/s
/// f32 without tensor cores (NVIDIA's data sheet). On another card the share is a comparison with an H200 all the same.
public final class GpuBench {
    private static final double BYTES_PER_SECOND = 4.3e12;
    private static final double BF16_FLOPS = 790e12;
    private static final double F32_FLOPS = 67e12;
    /// A case is repeated until it has run so long, so that the clock's grain and the first launches do not count.
    private static final double ENOUGH_MS = 100;

    /// One line of the table.
    ///
    /// @param share of the H200's floor
    public record Row(String kernel, String shape, String precision, double microseconds, String unit, double rate, double share) {}

    private final Supplier<Gpu> open;
    private final boolean emulated;
    private final PrintWriter out;

    /// @param open gives a GPU; called once for every precision
    public GpuBench(Supplier<Gpu> open, boolean emulated, PrintWriter out) {
        this.open = open;
        this.emulated = emulated;
        this.out = out;
    }

    /// Prints the names of the cases that the pattern finds and runs none.
    ///
    /// @throws UsageException when there is none
    public void list(Pattern wanted) {
        matching(wanted).stream().map(GpuCase::name).distinct().forEach(out::println);
        out.flush();
    }

    /// Runs every case whose `Family.kernel` the pattern finds.
    ///
    /// @throws UsageException when there is none
    public List<Row> run(Pattern wanted) {
        List<GpuCase> cases = matching(wanted);
        List<Row> rows = new ArrayList<>();
        Set<String> unavailable = new HashSet<>();
        out.printf("%-30s %-44s %-8s %12s %12s %8s%n", "kernel", "shape", "by", "µs", "rate", "of H200");
        for (GpuCase c : cases) {
            if (unavailable.contains(c.label())) continue;
            Gpu gpu = open.get();
            CudaDevice opened;
            try {
                opened = new CudaDevice(gpu, c.precision(), c.patches());
            } catch (GpuUnavailableException | IllegalArgumentException e) {
                gpu.close();
                unavailable.add(c.label());
                out.println(c.label() + " left out: " + e.getMessage());
                continue;
            }
            try (CudaDevice device = opened) {
                rows.add(time(c, gpu, device));
            }
            print(rows.getLast());
            out.flush();
        }
        if (emulated)
            out.println("The emulator ran toy sizes: these times say nothing of a GPU. The same command with --device cuda gives the table.");
        out.flush();
        return rows;
    }

    private List<GpuCase> matching(Pattern wanted) {
        List<GpuCase> cases = GpuCases.all(emulated).stream().filter(c -> wanted.matcher(c.name()).find()).toList();
        if (cases.isEmpty())
            throw new UsageException("no GPU benchmark matches '" + wanted + "'; there are " + GpuCases.all(emulated).stream().map(GpuCase::name)
                    .distinct().toList());
        return cases;
    }

    private Row time(GpuCase c, Gpu gpu, CudaDevice device) {
        try (GpuData data = new GpuData(device, gpu)) {
            Runnable work = c.work().prepare(data);
            if (!emulated) repeat(gpu, work, 3);
            double once = repeat(gpu, work, 1);
            int times = emulated ? 1 : (int) Math.clamp(ENOUGH_MS / Math.max(once, 1e-3), 1, 2000);
            double ms = emulated ? once : repeat(gpu, work, times) / times;
            boolean memory = c.flops() == 0;
            double rate = (memory ? c.bytes() : c.flops()) / (ms / 1e3);
            double floor = memory ? BYTES_PER_SECOND : c.label().equals("exact") ? F32_FLOPS : BF16_FLOPS;
            return new Row(c.name(), c.shape(), c.label(), ms * 1e3, memory ? "GB/s" : "TFLOP/s", rate / (memory ? 1e9 : 1e12), rate / floor);
        }
    }

    /// Milliseconds on the device.
    private static double repeat(Gpu gpu, Runnable work, int times) {
        try (Gpu.Event start = gpu.event()) {
            for (int i = 0; i < times; i++) work.run();
            try (Gpu.Event end = gpu.event()) {
                return end.millisecondsSince(start);
            }
        }
    }

    private void print(Row r) {
        out.printf(Locale.ROOT, "%-30s %-44s %-8s %12.1f %12s %7.1f%%%n", r.kernel, r.shape, r.precision, r.microseconds,
                String.format(Locale.ROOT, "%.4g %s", r.rate, r.unit), 100 * r.share);
    }
}
