package lucid.bench.phase;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import lucid.bench.probe.Limit;
import lucid.kernels.simd.work.Workers;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.InParallel;
import lucid.video.Progress;
import lucid.video.drift.Scene;
import lucid.video.file.VideoReader;
import lucid.video.file.VideoWriter;
import lucid.video.pixels.PillowResize;
import lucid.video.pixels.SiglipPixels;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.BenchmarkParams;

/// From a clip's file to what the vision tower sees: a clip of Drift for every thread, 16 frames each, as it is or enlarged, and SigLIP's square of
/// 384 pixels. The limit is a read loop over as many bytes as a phase must read and write. Decoding itself is far from it by its nature: it undoes a
/// code bit by bit.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ClipBench {
    private static final int THREADS = Integer.getInteger("lucid.bench.threads", Runtime.getRuntime().availableProcessors());
    private static final FrameSampling SAMPLING = new FrameSampling.Uniform(Scene.FRAMES);
    private static final SiglipPixels SIGLIP = new SiglipPixels(384);

    /// Width and height of the clips.
    @Param({"64x64", "640x480"}) public String size;

    private final List<Path> files = new ArrayList<>();
    private Path folder;
    private List<Frames> clips;
    private Workers workers;
    private Arena arena;
    private MemorySegment probed;

    @Setup(Level.Trial) public void open() throws IOException {
        folder = Files.createTempDirectory("lucid-bench");
        for (int i = 0; i < THREADS; i++) {
            files.add(folder.resolve(i + ".mp4"));
            VideoWriter.write(files.get(i), clip(i));
        }
        clips = decode();
        workers = new Workers(THREADS);
        arena = Arena.ofShared();
    }

    private Frames clip(int number) {
        String[] sides = size.split("x");
        Frames drawn = Frames.of(Scene.FRAMES, Scene.SIZE, Scene.SIZE, Scene.of(1, number).paint(1, number), Scene.FPS);
        return PillowResize.resize(drawn, Integer.parseInt(sides[1]), Integer.parseInt(sides[0]), PillowResize.Filter.BICUBIC);
    }

    @Setup(Level.Iteration) public void probe(Limit limit, BenchmarkParams params) {
        String phase = params.getBenchmark().substring(params.getBenchmark().lastIndexOf('.') + 1);
        double moved = moved(phase);
        if (probed == null) probed = arena.allocate((long) moved, 64).fill((byte) 1);
        limit.memory(workers, List.of(probed), moved);
    }

    /// Bytes that a call reads and writes.
    private double moved(String phase) {
        double frames = clips.stream().mapToLong(c -> c.rgb().length).sum();
        double square = 3.0 * SIGLIP.size() * SIGLIP.size() * Scene.FRAMES * clips.size();
        return switch (phase) {
            case "decode" -> files.stream().mapToLong(f -> f.toFile().length()).sum() + frames;
            case "resize" -> frames + square;
            case "pixels" -> frames + Float.BYTES * square;
            default -> throw new IllegalStateException("phase " + phase + " has no count of bytes; wanted one for every benchmark of this class");
        };
    }

    @TearDown(Level.Trial) public void close() throws IOException {
        workers.close();
        arena.close();
        for (Path file : files) Files.delete(file);
        Files.delete(folder);
    }

    private <T> List<T> each(IntFunction<T> work) { return InParallel.map(files.size(), THREADS, "clips", Progress.NONE, work); }

    /// File to frames.
    @Benchmark public List<Frames> decode() { return each(i -> VideoReader.read(files.get(i), SAMPLING)); }

    /// Frames to the bytes of the square, which the patch embedding takes.
    @Benchmark public List<Frames> resize() { return each(i -> SIGLIP.resize(clips.get(i))); }

    /// Frames to the square's normalised floats, as the published code hands them to its tower.
    @Benchmark public List<float[]> pixels() { return each(i -> SIGLIP.videoPixels(clips.get(i))); }
}
