package lucid.nn.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import lucid.nn.hub.FakeHub.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubTest {
    private static final String REPO = "some-org/A.model_1";
    private static final String LARGE = "model.safetensors";
    @TempDir Path folder;
    private FakeHub server;
    private ProxySelector proxy = new EnvironmentProxy(Map.of(), null);
    private final List<String> lines = new ArrayList<>();
    private final List<long[]> progress = new ArrayList<>();

    @BeforeEach void serve() throws IOException {
        byte[] weights = new byte[3_000_000];
        new Random(1).nextBytes(weights);
        server = new FakeHub(REPO, 10_000).file("config.json", "{\"model_type\": \"qwen2\"}").file("tokenizer.json", "{}")
                .file("merges.txt", "#version: 0.2\n").file(LARGE, weights)
                .file("trainer_state.json", "{}").file("runs/events.json", "{}").file("training_args.bin", new byte[50])
                        .file("pytorch_model.bin", new byte[20_000]).file("empty.json", "");
    }

    @AfterEach void stop() {
        server.close();
        assertEquals(Map.of(), server.left(), "a fault that no request met tests nothing");
    }

    private Hub hub(String token, boolean offline) { return hub(server.endpoint(), token, offline, 4); }

    private Hub hub(URI endpoint, String token, boolean offline, int attempts) { return hub(endpoint, token, offline, attempts, true); }

    private Hub hub(URI endpoint, String token, boolean offline, int attempts, boolean links) {
        var times = new HubSettings.Times(Duration.ofMillis(500), Duration.ofMillis(1), Duration.ofSeconds(2), attempts);
        return new Hub(new HubSettings(endpoint, folder.resolve("hub"), token, "HF_TOKEN", offline, times, proxy, links), new HubListener() {
            @Override public void line(String text) { lines.add(text); }

            @Override public void at(long done, long total, String file) { progress.add(new long[] {done, total}); }
        });
    }

    private Path repo() { return folder.resolve("hub/models--some-org--A.model_1"); }

    private HubException refused(String id, String... parts) {
        HubException e = assertThrows(HubException.class, () -> hub(null, false).resolve(id));
        for (String part : parts) assertTrue(e.getMessage().contains(part), "wanted '" + part + "' in: " + e.getMessage());
        return e;
    }

    private void same(Path snapshot) throws IOException {
        assertArrayEquals(server.bytes(LARGE), Files.readAllBytes(snapshot.resolve(LARGE)));
        assertArrayEquals(server.bytes("config.json"), Files.readAllBytes(snapshot.resolve("config.json")));
    }

    @Test void theCacheHasPythonsLayout() throws IOException {
        Path snapshot = hub(null, false).resolve(REPO);
        assertEquals(repo().resolve("snapshots").resolve(FakeHub.COMMIT), snapshot);
        same(snapshot);
        assertEquals(FakeHub.COMMIT, Files.readString(repo().resolve("refs/main")));
        for (String file : List.of("config.json", LARGE)) {
            assertEquals(Path.of("../../blobs").resolve(server.etag(file)), Files.readSymbolicLink(snapshot.resolve(file)), "a relative link");
            assertTrue(Files.exists(folder.resolve("hub/.locks/models--some-org--A.model_1/" + server.etag(file) + ".lock")));
        }
        try (Stream<Path> list = Files.list(snapshot)) {
            assertEquals(List.of("config.json", "empty.json", "merges.txt", LARGE, "tokenizer.json"), list.map(p -> p.getFileName().toString())
                    .sorted().toList(), "what a model needs");
        }
        try (Stream<Path> list = Files.list(repo().resolve("blobs"))) {
            assertTrue(list.noneMatch(p -> p.toString().endsWith(".incomplete")));
        }
        assertEquals(progress.getLast()[0], progress.getLast()[1]);
        for (int i = 1; i < progress.size(); i++) assertTrue(progress.get(i)[0] >= progress.get(i - 1)[0]);
        assertEquals(List.of(), lines);
    }

    @Test void whatIsThereIsNotFetchedAgain() throws IOException {
        hub(null, false).resolve(REPO);
        server.requests.clear();
        same(hub(null, false).resolve(REPO));
        assertEquals(1, server.requests.size(), "only the question what main means now");
        server.requests.clear();
        same(hub(null, false).resolve(REPO + "@" + FakeHub.COMMIT));
        same(hub(null, true).resolve(REPO));
        assertEquals(0, server.requests.size());
        assertFalse(Files.exists(repo().resolve("refs").resolve(FakeHub.COMMIT)));
    }

    /// As `AutoModelForCausalLM.from_pretrained(REPO, revision=COMMIT)` leaves it: configuration and weights.
    @Test void ofACommitThatAnotherToolBeganTheRestIsFetched() throws IOException {
        Path snapshot = hub(null, false).resolve(REPO);
        for (String file : List.of("tokenizer.json", "merges.txt", "empty.json")) Files.delete(snapshot.resolve(file));
        String id = REPO + "@" + FakeHub.COMMIT;
        same(hub(null, true).resolve(id));
        same(hub(URI.create("http://127.0.0.1:9"), null, false, 2).resolve(id));
        assertTrue(lines.getLast().contains("going on with what is in the cache"), lines.toString());
        server.requests.clear();
        assertEquals(snapshot, hub(null, false).resolve(id));
        assertTrue(Files.exists(snapshot.resolve("tokenizer.json")) && Files.exists(snapshot.resolve("merges.txt")));
        assertEquals(List.of(), server.requests("HEAD", LARGE), "what is there stays");
        server.requests.clear();
        hub(null, false).resolve(id);
        assertEquals(List.of(), server.requests);
    }

    @ParameterizedTest @ValueSource(strings = {"adapter_model.bin", "adapter_model.safetensors"})
    void anAdapterIsWhole(String weights) throws IOException {
        List.of("config.json", LARGE, "pytorch_model.bin").forEach(server::remove);
        server.file("adapter_config.json", "{}").file(weights, new byte[20_000]);
        Path snapshot = hub(null, false).resolve(REPO);
        server.requests.clear();
        assertEquals(snapshot, hub(null, true).resolve(REPO));
        assertEquals(snapshot, hub(null, false).resolve(REPO + "@" + FakeHub.COMMIT));
        assertEquals(List.of(), server.requests);
        Files.move(snapshot.resolve("adapter_config.json"), snapshot.resolve("config.json"));
        assertThrows(HubException.class, () -> hub(null, true).resolve(REPO), "an adapter's matrices are no model's weights");
    }

    /// As other tools fetch it: of the two forms that lie there the single file is read, and the index's shards are nobody's.
    @Test void anIndexBesideTheSingleFileDoesNotMatter() throws IOException {
        Path snapshot = hub(null, false).resolve(REPO);
        Files.writeString(snapshot.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"a\": \"model-00001-of-00001.safetensors\"}}");
        assertEquals(snapshot, hub(null, true).resolve(REPO));
    }

    @Test void everythingComesIfAsked() {
        Path snapshot = hub(null, false).download(RepoId.of("hf://" + REPO), Selection.ALL);
        assertTrue(Files.exists(snapshot.resolve("runs/events.json")) && Files.exists(snapshot.resolve("training_args.bin")));
        assertTrue(Files.isSymbolicLink(snapshot.resolve("runs/events.json")));
    }

    @Test void anInterruptedDownloadGoesOn() throws IOException {
        server.fault("cdn:" + server.etag(LARGE), new Fault.Break(1_000_000), new Fault.Break(500_000), new Fault.Break(0));
        same(hub(null, false).resolve(REPO));
        // How much of what was sent has arrived when a connection breaks is not certain to the byte.
        List<Integer> begins = server.requests("GET", server.etag(LARGE)).stream()
                .map(r -> r.range() == null ? 0 : Integer.parseInt(r.range().substring(6, r.range().length() - 1))).toList();
        assertEquals(4, begins.size(), begins.toString());
        assertEquals(begins.stream().sorted().toList(), begins, "each goes on where the one before ended");
        assertTrue(begins.get(0) == 0 && begins.get(1) <= 1_000_000 && begins.get(2) > 0 && begins.get(3).equals(begins.get(2)), begins.toString());
        assertTrue(lines.getFirst().contains(LARGE) && lines.getFirst().contains("again in"), lines.toString());
    }

    @Test void anotherRunGoesOnWhereTheFirstEnded() throws IOException {
        Files.createDirectories(repo().resolve("blobs"));
        Path part = repo().resolve("blobs/" + server.etag(LARGE) + ".incomplete");
        Files.write(part, java.util.Arrays.copyOf(server.bytes(LARGE), 2_500_000));
        same(hub(null, false).resolve(REPO));
        assertEquals("bytes=2500000-", server.requests("GET", server.etag(LARGE)).getFirst().range());
        assertTrue(progress.stream().anyMatch(p -> p[0] > 2_500_000 && p[0] < 2_500_200), "the first report tells where it begins");
    }

    @Test void badRemainsAreThrownAway() throws IOException {
        Files.createDirectories(repo().resolve("blobs"));
        Path part = repo().resolve("blobs/" + server.etag(LARGE) + ".incomplete");
        Files.write(part, new byte[1_000]);
        same(hub(null, false).resolve(REPO));
        Files.delete(repo().resolve("blobs").resolve(server.etag(LARGE)));
        Files.write(part, new byte[3_000_001]);
        same(hub(null, false).resolve(REPO));
        Files.delete(repo().resolve("blobs").resolve(server.etag(LARGE)));
        Files.write(part, new byte[3_000_000]);
        same(hub(null, false).resolve(REPO));
    }

    @Test void serversThatDoNotKnowRangesAreUnderstood() throws IOException {
        server.fault("cdn:" + server.etag(LARGE), new Fault.Break(1_000_000), new Fault.WholeFile(), new Fault.Break(5), new Fault.OtherRange());
        same(hub(null, false).resolve(REPO));
        Files.delete(repo().resolve("blobs").resolve(server.etag(LARGE)));
        server.fault("cdn:" + server.etag(LARGE), new Fault.Break(1_000_000), new Fault.OtherRange(), new Fault.Status(416));
        same(hub(null, false).resolve(REPO));
    }

    @Test void aSilentConnectionIsGivenUp() throws IOException {
        server.fault("cdn:" + server.etag(LARGE), new Fault.Silence(700_000));
        same(hub(null, false).resolve(REPO));
        assertTrue(lines.toString().contains("nothing came for"), lines.toString());
    }

    @Test void wrongBytesAreRefused() throws IOException {
        server.fault("cdn:" + server.etag(LARGE), new Fault.WrongBytes());
        same(hub(null, false).resolve(REPO));
        assertEquals(2, server.requests("GET", server.etag(LARGE)).size(), "once more from the beginning");
        Files.delete(repo().resolve("blobs").resolve(server.etag(LARGE)));
        server.fault("cdn:" + server.etag(LARGE), new Fault.WrongBytes(), new Fault.WrongBytes());
        refused(REPO, LARGE, "wanted " + server.etag(LARGE));
        Files.delete(repo().resolve("blobs").resolve(server.etag("config.json")));
        server.fault("resolve/" + FakeHub.COMMIT + "/config.json", new Fault.WrongBytes(), new Fault.WrongBytes());
        refused(REPO, "config.json", "wanted " + server.etag("config.json"));
        assertFalse(Files.exists(repo().resolve("blobs").resolve(server.etag("config.json"))), "nothing wrong gets a name");
    }

    @Test void wrongLengthsAreRefused() throws IOException {
        server.fault("cdn:" + server.etag(LARGE), new Fault.Longer(3));
        refused(REPO, "found a file of 3000003 bytes, wanted 3000000");
        server.fault("HEAD resolve/" + FakeHub.COMMIT + "/config.json",
                new Fault.Status(200, "ETag: \"" + "a".repeat(40) + "\"", "Content-Length: 7"));
        Files.delete(repo().resolve("snapshots").resolve(FakeHub.COMMIT).resolve("config.json"));
        refused(REPO, "config.json: found a file of " + server.bytes("config.json").length + " bytes, wanted 7");
        server.fault("cdn:" + server.etag(LARGE), new Fault.Packed());
        refused(REPO, "packed with gzip");
    }

    @Test void theTokenGoesToTheHubOnly() throws IOException {
        server.fault("resolve/" + FakeHub.COMMIT + "/config.json", new Fault.RelativeRedirect());
        same(hub("hf_secret", false).resolve(REPO));
        assertTrue(server.requests.stream().anyMatch(r -> r.path().startsWith("/moved/")));
        for (FakeHub.Request r : server.requests) {
            if (r.host().equals("cdn")) assertNull(r.authorization(), r.path());
            else assertEquals("Bearer hf_secret", r.authorization(), r.path());
        }
        assertTrue(server.requests.stream().anyMatch(r -> r.host().equals("cdn")));
        assertFalse(hub("hf_secret", false).settings().toString().contains("hf_secret"));
    }

    @Test void refusalsSayWhatToDo() {
        refused("some-org/other", "401", "does not exist, or is private", "HF_TOKEN");
        refused(REPO + "@nightly", "404", "no revision \"nightly\"");
        server.fault("/revision/main", new Fault.Status(403, "X-Error-Code: GatedRepo"));
        refused(REPO, "403", "is gated", "Accept its conditions at " + server.endpoint() + "/" + REPO, "HF_TOKEN");
        server.fault("/revision/main", new Fault.Status(401, "X-Error-Message: Invalid credentials"));
        HubException e = assertThrows(HubException.class, () -> hub("hf_old", false).resolve(REPO));
        assertTrue(e.getMessage().contains("the token (HF_TOKEN) is not valid") && e.getMessage().contains("Invalid credentials"), e.getMessage());
        server.fault("HEAD resolve/" + FakeHub.COMMIT + "/config.json", new Fault.Status(404, "X-Error-Code: EntryNotFound"));
        refused(REPO, "config.json", "no such file");
        server.fault("/revision/main", new Fault.Status(404));
        refused(REPO, "spelt as on the hub");
        server.fault("/revision/main", new Fault.Status(418));
        refused(REPO, "418", "HF_ENDPOINT");
    }

    /// No token went there: nothing can be wrong with it.
    @Test void aRefusedDownloadLinkIsNotTheTokens() {
        server.fault("cdn:" + server.etag(LARGE), new Fault.Status(403));
        HubException e = assertThrows(HubException.class, () -> hub("hf_secret", false).resolve(REPO));
        assertTrue(e.getMessage().contains(LARGE) && e.getMessage().contains("localhost, where the hub sends for the file, answered 403: the "
                + "download link was refused (expired?)") && !e.getMessage().contains("HF_TOKEN"), e.getMessage());
    }

    @Test void tooManyRequestsAreWaitedFor() throws IOException {
        server.fault("/revision/main", new Fault.Status(429, "Retry-After: 1"), new Fault.Status(503));
        server.fault("cdn:" + server.etag(LARGE), new Fault.Status(429, "Retry-After: 0"), new Fault.Status(500));
        long begun = System.nanoTime();
        same(hub(null, false).resolve(REPO));
        assertTrue(System.nanoTime() - begun >= 1_000_000_000L, "Retry-After is honoured");
        assertTrue(lines.getFirst().contains("429 (too many requests); again in 1 s"), lines.toString());
        server.fault("/revision/main", new Fault.Status(429, "Retry-After: 3600"));
        HubException e = assertThrows(HubException.class, () -> new Hub(hub(null, false).settings(), HubListener.SILENT)
                .download(RepoId.of(REPO + "@main"), Selection.ALL));
        assertTrue(e.getMessage().contains("asks to wait 3600 s, more than 2 s"), e.getMessage());
        server.fault("/revision/" + FakeHub.COMMIT, new Fault.Status(429, "RateLimit: \"api\";r=0;t=3000"));
        e = assertThrows(HubException.class, () -> hub(null, false).download(RepoId.of(REPO + "@" + FakeHub.COMMIT), Selection.ALL));
        assertTrue(e.getMessage().contains("asks to wait 3000 s"), e.getMessage());
    }

    @Test void patienceEnds() {
        server.fault("cdn:" + server.etag(LARGE), new Fault.Break(10), new Fault.Break(0), new Fault.Break(0), new Fault.Break(0));
        refused(REPO, LARGE, "failed 4 times", " of 3000000");
        assertTrue(Files.exists(repo().resolve("blobs/" + server.etag(LARGE) + ".incomplete")), "what has come is kept");
    }

    @Test void withoutTheHubTheCacheDoes() throws IOException {
        URI nobody = URI.create("http://127.0.0.1:9");
        HubException e = assertThrows(HubException.class, () -> hub(nobody, null, false, 2).resolve(REPO));
        assertTrue(e.getMessage().contains("no connection to http://127.0.0.1:9"), e.getMessage());
        e = assertThrows(HubException.class, () -> hub(null, true).resolve(REPO));
        assertTrue(e.getMessage().contains("HF_HUB_OFFLINE"), e.getMessage());
        hub(null, false).resolve(REPO);
        same(hub(nobody, null, false, 2).resolve(REPO));
        assertTrue(lines.getLast().contains("going on with what is in the cache"), lines.toString());
        Files.delete(repo().resolve("snapshots").resolve(FakeHub.COMMIT).resolve(LARGE));
        assertThrows(HubException.class, () -> hub(null, true).resolve(REPO), "half a model is none");
    }

    /// Until the new state is whole, the one before is what the name means.
    @Test void anUpdateThatBreaksLeavesTheStateBefore() throws IOException {
        Path before = hub(null, false).resolve(REPO);
        byte[] old = server.bytes(LARGE);
        String commit = "1" + FakeHub.COMMIT.substring(1);
        byte[] updated = old.clone();
        updated[0]++;
        server.file(LARGE, updated).commit(commit);
        server.fault("cdn:" + server.etag(LARGE), new Fault.Break(0), new Fault.Break(0), new Fault.Break(0), new Fault.Break(0));
        assertEquals(before, hub(null, false).resolve(REPO));
        assertTrue(lines.getLast().contains("failed 4 times") && lines.getLast().contains("going on with what is in the cache, " + before),
                lines.toString());
        assertEquals(before, hub(null, true).resolve(REPO));
        assertArrayEquals(old, Files.readAllBytes(before.resolve(LARGE)));
        server.fault("cdn:" + server.etag(LARGE), new Fault.WrongBytes(), new Fault.WrongBytes());
        refused(REPO, LARGE, "wanted " + server.etag(LARGE));
        assertEquals(before, hub(null, true).resolve(REPO));
        Path after = hub(null, false).resolve(REPO);
        assertEquals(before.resolveSibling(commit), after);
        same(after);
        assertEquals(after, hub(null, true).resolve(REPO));
    }

    @Test void filesOfOneModelAreOneModel() throws IOException {
        hub(null, false).resolve(REPO);
        Path snapshot = repo().resolve("snapshots").resolve(FakeHub.COMMIT);
        Files.delete(snapshot.resolve(LARGE));
        server.requests.clear();
        same(hub(null, false).resolve(REPO));
        assertEquals(List.of(), server.requests("GET", server.etag(LARGE)), "the blob is there: only its link is made again");
        Files.delete(repo().resolve("blobs").resolve(server.etag("config.json")));
        same(hub(null, false).resolve(REPO));
    }

    /// `HF_HUB_DISABLE_SYMLINKS`: the files themselves lie in the snapshot, and one that another snapshot has as a blob is copied.
    @Test void withoutLinksTheFilesThemselvesAreThere() throws IOException {
        Hub plain = hub(server.endpoint(), null, false, 2, false);
        Path snapshot = plain.resolve(REPO);
        same(snapshot);
        for (String file : List.of(LARGE, "config.json")) {
            assertFalse(Files.isSymbolicLink(snapshot.resolve(file)));
            assertFalse(Files.exists(repo().resolve("blobs").resolve(server.etag(file))), "moved, not doubled");
        }
        server.requests.clear();
        same(plain.resolve(REPO));
        assertEquals(1, server.requests.size());

        Files.delete(snapshot.resolve("config.json"));
        Path blob = Files.write(repo().resolve("blobs").resolve(server.etag("config.json")), server.bytes("config.json"));
        same(plain.resolve(REPO));
        assertFalse(Files.isSymbolicLink(snapshot.resolve("config.json")));
        assertTrue(Files.exists(blob), "somebody else may need it");
        try (Stream<Path> list = Files.list(snapshot)) {
            assertTrue(list.noneMatch(p -> p.toString().endsWith(".incomplete")));
        }
    }

    /// Without a lock: what another process is writing stays as it is.
    @Test void whatIsNotLockedIsWrittenApart() throws IOException {
        hub(null, false).resolve(REPO);
        String etag = server.etag(LARGE);
        Path blob = repo().resolve("blobs").resolve(etag);
        Path theirs = Files.move(blob, blob.resolveSibling(etag + ".incomplete"));
        HubSettings settings = hub(null, false).settings();
        HubCache cache = new HubCache(settings.cache(), RepoId.of(REPO), true);
        try (HubClient client = new HubClient(settings, HubListener.SILENT)) {
            new BlobDownload(client, cache, client.address("/" + REPO + "/resolve/" + FakeHub.COMMIT + "/" + LARGE), etag, server.bytes(LARGE).length,
                    LARGE, new Stall.Limit(Duration.ofSeconds(5)), false).run(_ -> {});
        }
        assertArrayEquals(server.bytes(LARGE), Files.readAllBytes(blob));
        try (Stream<Path> list = Files.list(blob.getParent())) {
            assertEquals(List.of(theirs), list.filter(p -> p.toString().endsWith(".incomplete")).toList());
        }
    }

    /// As a cluster's, which many read and few may write. Here a file is in the place of the folder: nobody can write that, not even root.
    @Test void aCacheThatCannotBeWrittenIsRead() throws IOException {
        Path snapshot = hub(null, false).resolve(REPO + "@" + FakeHub.COMMIT);
        Files.writeString(repo().resolve("refs"), "");
        assertEquals(snapshot, hub(null, false).resolve(REPO));
        assertTrue(lines.getLast().startsWith(REPO + ": all files are in the cache, but it could not be noted that they are what main means ("),
                lines.toString());
    }

    @Test void hostileNamesLeadNowhere() {
        for (String name : List.of("../../evil.json", "/etc/evil.json", "a/../evil.json", "C:evil.json", "a\\evil.json")) {
            server.file(name, "{}");
            HubException e = assertThrows(HubException.class, () -> hub(null, false).download(RepoId.of(REPO), Selection.ALL));
            assertTrue(e.getMessage().contains("wanted a plain relative one"), e.getMessage());
            server.remove(name);
        }
        server.fault("HEAD resolve/" + FakeHub.COMMIT + "/config.json", new Fault.Status(200, "ETag: \"../../x\"", "Content-Length: 5"));
        refused(REPO, "etag");
    }

    @Test void aProxyOfTheEnvironmentIsTaken() throws IOException {
        String here = server.endpoint().toString();
        proxy = new EnvironmentProxy(Map.of("HTTP_PROXY", here, "no_proxy", "localhost"), null);
        same(hub(URI.create("http://hub.invalid"), null, false, 1).resolve(REPO));
        assertTrue(server.requests.stream().anyMatch(r -> r.host().equals("cdn")), "exempt: reached directly");
        ProxySelector both = new EnvironmentProxy(Map.of("https_proxy", "proxy.example:3128", "ALL_PROXY", "http://all.example", "NO_PROXY",
                "a.example, .b.example:443"), null);
        assertEquals("[HTTP @ proxy.example/<unresolved>:3128]", both.select(URI.create("https://huggingface.co/x")).toString());
        assertEquals("[HTTP @ all.example/<unresolved>:80]", both.select(URI.create("http://huggingface.co/x")).toString());
        for (String direct : List.of("https://a.example", "https://x.b.example", "https://b.example"))
            assertEquals("[DIRECT]", both.select(URI.create(direct)).toString());
        assertEquals("[DIRECT]", new EnvironmentProxy(Map.of("https_proxy", "http://p:1", "no_proxy", "*"), null).select(URI.create("https://x"))
                .toString());
        for (String bad : List.of("socks5://p:1", "http://me:secret@p:1", "http://a b")) {
            HubException e = assertThrows(HubException.class, () -> new EnvironmentProxy(Map.of("https_proxy", bad), null)
                    .select(URI.create("https://x")));
            assertFalse(e.getMessage().contains("secret"), e.getMessage());
        }
    }

    @Test void foldersAndIdsAreToldApart() throws IOException {
        Path own = Files.createDirectory(folder.resolve("own"));
        assertEquals(own, hub(null, true).resolve(own.toString()));
        for (String path : List.of("./nowhere", "/no/where", "nowhere", "a/b/c", "src/nowhere")) refused(path, "no such folder");
        assertEquals(new RepoId("a/b", "refs/pr/1"), RepoId.of("a/b@refs/pr/1"));
        assertEquals(new RepoId("Zhang199/TinyLLaVA-Video-R1", "main"), RepoId.of("hf://Zhang199/TinyLLaVA-Video-R1"));
        for (String bad : List.of("a", "a/b/c", "a--b/c", "a/b..c", "a/b@", "a/b@../x", "a/b.git", "-a/b", "a/"))
            assertThrows(IllegalArgumentException.class, () -> RepoId.of(bad), bad);
    }
}
