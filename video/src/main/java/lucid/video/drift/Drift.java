package lucid.video.drift;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.video.AtomicFile;
import lucid.video.Frames;
import lucid.video.InParallel;
import lucid.video.IoReason;
import lucid.video.Progress;
import lucid.video.Sha256;
import lucid.video.VideoException;
import lucid.video.data.ClipQuestion;
import lucid.video.data.JsonFault;
import lucid.video.data.QuestionFiles;
import lucid.video.file.VideoWriter;

/// A Drift data set on disk: `clips/` (mp4 files), `train.jsonl` and `heldout.jsonl` (published jsonl layout, `problem_type` names the kind),
/// `coldstart-16.json` (published conversations layout), `scenes.jsonl` (what is really in each clip), `drift.json` (what it was made from, and a
/// hash of everything).
///
/// @param root        the folder
/// @param plan        what it was made from
/// @param contentHash SHA-256 over names and contents of all clips and of the four files
public record Drift(Path root, DriftPlan plan, String contentHash) {
    /// To be raised when the same plan gives other bytes.
    private static final int GENERATOR = 1;
    private static final List<String> TABLES = List.of("train.jsonl", "heldout.jsonl", "coldstart-16.json", "scenes.jsonl");
    private static final ObjectMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT)
            .defaultPrettyPrinter(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"))).build();
    private static final ObjectMapper LINES = new ObjectMapper();
    // Second channels to a file that this process has locked: closing one would give up the lock (POSIX), and so would the collector.
    private static final Queue<FileChannel> OPEN = new ConcurrentLinkedQueue<>();

    /// Questions for reinforcement learning.
    public List<ClipQuestion> train() { return QuestionFiles.read(root.resolve("train.jsonl")); }

    /// Questions about clips that are never trained on.
    public List<ClipQuestion> heldOut() { return QuestionFiles.read(root.resolve("heldout.jsonl")); }

    /// The samples of the cold start.
    public List<ClipQuestion> coldStart() { return QuestionFiles.read(root.resolve("coldstart-16.json")); }

    /// All clips in the plan's order.
    public List<Path> clips() { return IntStream.range(0, plan.clips()).mapToObj(i -> root.resolve(plan.path(i))).toList(); }

    /// Makes the data set, or finds it made and unchanged. The folder is complete or absent: everything is written beside it and renamed at the end.
    /// What a killed process left there is removed. Any number of threads gives the same bytes.
    ///
    /// @throws VideoException the folder holds something else, or a Drift from another plan; or another process is making it
    public static Drift generate(Path root, DriftPlan plan, int threads, Progress progress) throws IOException {
        if (Files.exists(root)) return found(root, plan, threads);
        Path absolute = root.toAbsolutePath();
        Files.createDirectories(absolute.getParent());
        try (FileChannel _ = lock(root, absolute.resolveSibling("." + absolute.getFileName() + ".lock"))) {
            // By now another process may have made it.
            return Files.exists(root) ? found(root, plan, threads) : new Drift(root, plan, make(absolute, plan, threads, progress));
        }
    }

    private static Drift found(Path root, DriftPlan plan, int threads) throws IOException {
        Drift found = open(root);
        if (!found.plan.equals(plan))
            throw new VideoException(root, "holds a Drift made from " + found.plan + ", wanted " + plan
                    + "; choose another folder or remove this one");
        // Runs carry the content's hash as the hash of what they learned from.
        found.verify(threads);
        return found;
    }

    // Held until it is closed; the operating system lets go of a killed process's. The file stays: one that is deleted could be locked by two, each
    // its own.
    private static FileChannel lock(Path root, Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) return channel;
        } catch (OverlappingFileLockException e) {
            OPEN.add(channel);
            throw making(root);
        }
        channel.close();
        throw making(root);
    }

    private static VideoException making(Path root) {
        return new VideoException(root, "is being made by another process; wait for that, and the same command finds it made");
    }

    private static String make(Path root, DriftPlan plan, int threads, Progress progress) throws IOException {
        // Under the lock: no living process writes here.
        Path aside = root.resolveSibling("." + root.getFileName() + ".partial");
        remove(aside);
        Files.createDirectory(aside);
        try {
            String hash = write(aside, plan, threads, progress);
            AtomicFile.move(aside, root);
            return hash;
        } finally {
            remove(aside);
        }
    }

    /// Reads what a folder was made from; all clips must be there (their contents are not looked at: that is [#generate]'s).
    public static Drift open(Path root) {
        Path file = root.resolve("drift.json");
        if (!Files.isRegularFile(file))
            throw new VideoException(root, "is there but has no drift.json, wanted a Drift data set or a folder that does not exist yet");
        JsonNode j;
        try {
            j = JSON.readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw new VideoException(file, "not JSON: " + JsonFault.of(e), e);
        } catch (IOException e) {
            throw new VideoException(file, "cannot be read: " + IoReason.of(e), e);
        }
        if (number(file, j, "generator") != GENERATOR)
            throw new VideoException(file, "made by generator " + j.get("generator") + ", wanted " + GENERATOR
                    + "; remove the folder and make it again");
        if (!j.path("content_sha256").isTextual())
            throw new VideoException(file, "field content_sha256: found " + j.get("content_sha256") + ", wanted text");
        DriftPlan plan = plan(file, j);
        Drift drift = new Drift(root, plan, j.get("content_sha256").asText());
        for (Path clip : drift.clips())
            if (!Files.isRegularFile(clip)) throw new VideoException(clip, "no such file; remove the folder " + root + " and make it again");
        return drift;
    }

    private static DriftPlan plan(Path file, JsonNode j) {
        try {
            return new DriftPlan(number(file, j, "seed"), count(file, j, "train_clips"), count(file, j, "held_out"));
        } catch (IllegalArgumentException e) {
            throw new VideoException(file, e.getMessage(), e);
        }
    }

    private static int count(Path file, JsonNode j, String field) {
        if (number(file, j, field) < 0 || !j.get(field).canConvertToInt())
            throw new VideoException(file, "field " + field + ": found " + j.get(field) + ", wanted 0 to " + Integer.MAX_VALUE);
        return j.get(field).intValue();
    }

    private static long number(Path file, JsonNode j, String field) {
        if (!j.path(field).isIntegralNumber() || !j.get(field).canConvertToLong())
            throw new VideoException(file, "field " + field + ": found " + j.get(field) + ", wanted a whole number");
        return j.get(field).asLong();
    }

    /// Hashes every file again.
    ///
    /// @throws VideoException something was changed
    private void verify(int threads) throws IOException {
        List<String> clips = InParallel.map(plan.clips(), threads, "checking clips", Progress.NONE,
                i -> Sha256.of(bytes(root.resolve(plan.path(i)))));
        String found = contentHash(root, plan, clips);
        if (!found.equals(contentHash))
            throw new VideoException(root, "its content has the hash " + found + ", drift.json says " + contentHash
                    + "; remove the folder and make it again");
    }

    private static String write(Path root, DriftPlan plan, int threads, Progress progress) throws IOException {
        List<Scene> scenes = plan.scenes();
        for (int i = 0; i < plan.clips(); i++) Files.createDirectories(root.resolve(plan.path(i)).getParent());
        List<String> hashes = InParallel.map(plan.clips(), threads, "making clips", progress,
                i -> writeClip(root.resolve(plan.path(i)), plan.seed(), i, scenes.get(i)));
        QuestionFiles.writeLines(root.resolve("train.jsonl"), questions(plan, plan.training(scenes)));
        QuestionFiles.writeLines(root.resolve("heldout.jsonl"), questions(plan, plan.heldOut(scenes)));
        QuestionFiles.writeConversations(root.resolve("coldstart-16.json"),
                plan.coldStart(scenes).stream().map(a -> new ClipQuestion(Integer.toString(a.clip()),
                a.question().problem(), a.question().letter(), List.of(), "./" + plan.path(a.clip()), DriftText.reasoned(a.scene(), a.question())
                        .strip())).toList());
        AtomicFile.write(root.resolve("scenes.jsonl"), sceneLines(plan, scenes).getBytes(StandardCharsets.UTF_8));
        String hash = contentHash(root, plan, hashes);
        ObjectNode j = JSON.createObjectNode().put("generator", GENERATOR).put("seed", plan.seed()).put("train_clips", plan.trainClips())
                .put("held_out", plan.heldOut())
                .put("frames", Scene.FRAMES).put("size", Scene.SIZE).put("fps", Scene.FPS).put("content_sha256", hash);
        AtomicFile.write(root.resolve("drift.json"), (JSON.writeValueAsString(j) + "\n").getBytes(StandardCharsets.UTF_8));
        return hash;
    }

    // Thousands of small files are not forced to the disk one by one; the content hash tells a damaged one.
    private static String writeClip(Path file, long seed, int clip, Scene scene) {
        byte[] mp4 = VideoWriter.encode(file, Frames.of(Scene.FRAMES, Scene.SIZE, Scene.SIZE, scene.paint(seed, clip), Scene.FPS));
        try {
            Files.write(file, mp4);
        } catch (IOException e) {
            throw new VideoException(file, "cannot be written: " + IoReason.of(e), e);
        }
        return Sha256.of(mp4);
    }

    private static List<ClipQuestion> questions(DriftPlan plan, List<DriftPlan.Asked> asked) {
        List<ClipQuestion> all = new ArrayList<>(asked.size());
        for (DriftPlan.Asked a : asked) {
            all.add(new ClipQuestion(Integer.toString(all.size() + 1), a.question().problem(), a.question().letter(),
                    List.of(a.question().kind().word()), "./" + plan.path(a.clip()), ""));
        }
        return all;
    }

    private static String sceneLines(DriftPlan plan, List<Scene> scenes) throws JsonProcessingException {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < scenes.size(); i++) {
            ObjectNode j = LINES.createObjectNode().put("video_filename", "./" + plan.path(i)).put("caption", DriftText.caption(scenes.get(i)));
            for (Scene.Thing t : scenes.get(i).things()) {
                j.withArray("things").addObject().put("colour", t.colour().word()).put("shape", t.shape().word())
                        .put("direction", t.direction().word()).put("first_frame", t.start())
                        .put("frames", t.frames()).put("radius", t.radius()).put("from", t.from()).put("to", t.to()).put("across", t.across());
            }
            s.append(LINES.writeValueAsString(j)).append('\n');
        }
        return s.toString();
    }

    private static String contentHash(Path root, DriftPlan plan, List<String> clipHashes) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < clipHashes.size(); i++) s.append(plan.path(i)).append(' ').append(clipHashes.get(i)).append('\n');
        for (String table : TABLES) s.append(table).append(' ').append(Sha256.of(bytes(root.resolve(table)))).append('\n');
        return Sha256.of(s.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new VideoException(file, "cannot be read: " + IoReason.of(e), e);
        }
    }

    private static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(p -> {
                try {
                    Files.delete(p);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
