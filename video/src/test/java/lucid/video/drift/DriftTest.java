package lucid.video.drift;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.video.Frames;
import lucid.video.Progress;
import lucid.video.VideoException;
import lucid.video.data.ClipQuestion;
import lucid.video.file.VideoReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DriftTest {
    private static final DriftPlan SMALL = new DriftPlan(7, 64, 10);

    @TempDir Path dir;

    @Test void theFolderHoldsWhatThePlanSays() throws IOException {
        Drift drift = Drift.generate(dir.resolve("drift"), SMALL, 2, Progress.NONE);
        List<Scene> scenes = SMALL.scenes();
        assertEquals(SMALL.training(scenes).size(), drift.train().size());
        assertEquals(10, drift.heldOut().size());
        assertEquals(16, drift.coldStart().size());
        for (int i = 0; i < 10; i++) {
            DriftPlan.Asked asked = SMALL.heldOut(scenes).get(i);
            ClipQuestion q = drift.heldOut().get(i);
            assertEquals(asked.question().problem(), q.problem());
            assertEquals(asked.question().letter(), q.solution());
            assertEquals(asked.question().kind().word(), q.kind());
            assertEquals(drift.clips().get(asked.clip()), q.clip(drift.root()));
        }
        Set<String> trained = new HashSet<>();
        drift.train().forEach(q -> trained.add(q.video()));
        assertTrue(drift.heldOut().stream().noneMatch(q -> trained.contains(q.video())));
        assertTrue(drift.coldStart().stream().allMatch(q -> trained.contains(q.video()) && q.reasoning()
                .contains(q.answer() + " " + q.solution() + ".")));
        assertEquals(74, Files.readAllLines(drift.root().resolve("scenes.jsonl")).size());
        Frames clip = VideoReader.readAll(drift.clips().get(3));
        assertEquals("16 frames of 64x64 at 8.0 fps", clip.toString());
    }

    @Test void threadsDoNotMatterAndSeedsDo() throws IOException {
        Drift one = Drift.generate(dir.resolve("one"), SMALL, 1, Progress.NONE);
        Drift three = Drift.generate(dir.resolve("three"), SMALL, 3, Progress.NONE);
        assertEquals(one.contentHash(), three.contentHash());
        assertNotEquals(one.contentHash(), Drift.generate(dir.resolve("other"), new DriftPlan(8, 64, 10), 2, Progress.NONE).contentHash());
        assertEquals(Set.of("one", "three", "other"), there(), "nothing is left beside the folders");
    }

    // But for the locks, which are empty files.
    private Set<String> there() throws IOException {
        try (Stream<Path> all = Files.list(dir)) {
            return all.map(p -> p.getFileName().toString()).filter(name -> !name.endsWith(".lock")).collect(Collectors.toSet());
        }
    }

    /// Every picture before it is encoded, every question and every description: whoever changes them raises the generator's number, and the hash
    /// that the README prints for the demo.
    @Test void theGeneratorIsPinned() throws IOException, NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        List<Scene> scenes = SMALL.scenes();
        for (int i = 0; i < scenes.size(); i++) digest.update(scenes.get(i).paint(SMALL.seed(), i));
        assertEquals("cf3cc69161855d540220eb0b35c3dba145aa68c7c2df2d8065f8c90ffe41e169", HexFormat.of().formatHex(digest.digest()));
        Drift drift = Drift.generate(dir.resolve("drift"), SMALL, 2, Progress.NONE);
        for (String table : List.of("train.jsonl", "heldout.jsonl", "coldstart-16.json", "scenes.jsonl"))
            digest.update(Files.readAllBytes(drift.root().resolve(table)));
        assertEquals("9bd11fec4fb528bd5c310d3cede5dced5a45d1079a7f29e0cdfbc4dd8bfe7daa", HexFormat.of().formatHex(digest.digest()));
        // With the encoder of the FFmpeg that the root pom names; the same on every processor, see VideoWriter.
        assertEquals("e04cea14ca7e056750fdf65ddd8062832eaa19a332bb613545aed9201411122e", drift.contentHash());
    }

    @Test void aFolderIsUsedAgainOrRefused() throws IOException {
        Path root = dir.resolve("drift");
        Drift made = Drift.generate(root, SMALL, 2, Progress.NONE);
        assertEquals(made, Drift.generate(root, SMALL, 2, (what, _, _) -> { throw new AssertionError(what + " again"); }));
        VideoException other = assertThrows(VideoException.class, () -> Drift.generate(root, new DriftPlan(9, 64, 10), 2, Progress.NONE));
        assertTrue(other.getMessage().contains("seed=7") && other.getMessage().contains("seed=9"), other.getMessage());
        byte[] clip = Files.readAllBytes(made.clips().get(5));
        Files.copy(made.clips().get(6), made.clips().get(5), StandardCopyOption.REPLACE_EXISTING);
        assertTrue(assertThrows(VideoException.class, () -> Drift.generate(root, SMALL, 2, Progress.NONE)).getMessage().contains("drift.json says"),
                "another clip in the place of one");
        Files.write(made.clips().get(5), clip);
        assertEquals(made, Drift.generate(root, SMALL, 2, Progress.NONE));
        Files.writeString(made.root().resolve("heldout.jsonl"), "\n");
        assertTrue(assertThrows(VideoException.class, () -> Drift.generate(root, SMALL, 2, Progress.NONE)).getMessage().contains("drift.json says"));
        Files.delete(made.clips().get(5));
        assertEquals(made.clips().get(5), assertThrows(VideoException.class, () -> Drift.open(root)).path());
        Path foreign = Files.createDirectory(dir.resolve("foreign"));
        assertTrue(assertThrows(VideoException.class, () -> Drift.generate(foreign, SMALL, 2, Progress.NONE)).getMessage().contains("no drift.json"));
    }

    @Test void moreClipsThanCanBeCountedAreRefused() throws IOException {
        for (int[] n : new int[][] {{Integer.MAX_VALUE, Integer.MAX_VALUE}, {DriftPlan.MOST_CLIPS, 5}, {64, DriftPlan.MOST_CLIPS}}) {
            String said = assertThrows(IllegalArgumentException.class, () -> new DriftPlan(1, n[0], n[1])).getMessage();
            assertEquals("drift: " + n[0] + " training clips and " + n[1] + " held-out questions, wanted at most 10000000 together", said);
        }
        Path file = Files.writeString(Files.createDirectory(dir.resolve("drift")).resolve("drift.json"),
                "{\"generator\": 1, \"content_sha256\": \"\", \"seed\": 1, \"train_clips\": 2147483647, \"held_out\": 5}");
        String said = assertThrows(VideoException.class, () -> Drift.open(file.getParent())).getMessage();
        assertEquals(file + ": drift: 2147483647 training clips and 5 held-out questions, wanted at most 10000000 together", said);
    }

    @Test void aDescriptionThatIsNoJsonIsRefused() throws IOException {
        Path file = Files.writeString(Files.createDirectory(dir.resolve("drift")).resolve("drift.json"), "{\"generator\": ");
        String said = assertThrows(VideoException.class, () -> Drift.open(file.getParent())).getMessage();
        assertEquals(file + ": not JSON: Unexpected end-of-input within/between Object entries", said);
    }

    @Test void aFailedRunLeavesNothing() throws IOException {
        Path root = dir.resolve("drift");
        assertThrows(IllegalStateException.class, () -> Drift.generate(root, SMALL, 2, (_, _, _) -> { throw new IllegalStateException("stop"); }));
        assertEquals(Set.of(), there());
    }

    @Test void whatAKilledProcessLeftIsRemoved() throws IOException {
        Path left = Files.createDirectories(dir.resolve(".drift.partial/clips/0"));
        Files.writeString(left.resolve("half.mp4"), "half a clip");
        Drift made = Drift.generate(dir.resolve("drift"), SMALL, 2, Progress.NONE);
        assertEquals(Set.of("drift"), there());
        try (Stream<Path> all = Files.walk(made.root())) {
            assertTrue(all.noneMatch(p -> p.endsWith("half.mp4")));
        }
    }

    @Test void whatALivingOneMakesIsLeftAlone() throws IOException {
        Path root = dir.resolve("drift");
        AtomicInteger refused = new AtomicInteger();
        Drift made = Drift.generate(root, SMALL, 1, (_, _, _) -> {
            String message = assertThrows(VideoException.class, () -> Drift.generate(root, SMALL, 1, Progress.NONE)).getMessage();
            assertTrue(message.contains(root + ": is being made by another process"), message);
            refused.incrementAndGet();
        });
        assertTrue(refused.get() > 0);
        assertEquals(made, Drift.generate(root, SMALL, 2, Progress.NONE));
    }
}
