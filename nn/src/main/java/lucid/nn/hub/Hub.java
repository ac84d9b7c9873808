package lucid.nn.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// The Hugging Face hub and its cache on this machine, shared with `huggingface_hub` and all that is built on it: the same folders, the same
/// environment variables, the same locks. What one of them has downloaded, the others find.
///
/// ```java
/// Path model = Hub.ofEnvironment(listener).resolve("Zhang199/TinyLLaVA-Video-R1");     // or a folder of one's own
/// ```
public final class Hub {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HubSettings settings;
    private final HubListener listener;
    private final AtomicBoolean unlocked = new AtomicBoolean();

    public Hub(HubSettings settings, HubListener listener) {
        this.settings = Objects.requireNonNull(settings, "settings");
        this.listener = Objects.requireNonNull(listener, "listener");
    }

    /// As `HF_HOME`, `HF_HUB_CACHE`, `XDG_CACHE_HOME`, `HF_ENDPOINT`, `HF_TOKEN` (or the token file) and `HF_HUB_OFFLINE` say.
    public static Hub ofEnvironment(HubListener listener) { return new Hub(HubSettings.ofEnvironment(), listener); }

    public HubSettings settings() { return settings; }

    /// The folder that a user means by `--model`: a file or folder that exists is itself; else `ORG/NAME[@REVISION]` is had from the hub, downloaded
    /// if it is not in the cache. `hf://` before it says that no folder is meant.
    ///
    /// @throws HubException if it is neither
    public Path resolve(String idOrPath) {
        Path path = path(idOrPath);
        if (path != null && Files.exists(path)) return path;
        RepoId repo = RepoId.guess(idOrPath).orElseThrow(() -> new HubException(idOrPath + ": no such folder; wanted the folder of a model or a "
                + "run, or ORG/NAME[@REVISION] on the hub, for example Zhang199/TinyLLaVA-Video-R1"));
        try {
            return download(repo, Selection.MODEL);
        } catch (HubException e) {
            throw new HubException(idOrPath + ": no such folder here, and as a model of the hub: " + e.getMessage(), e);
        }
    }

    private static Path path(String text) {
        try {
            return text.startsWith("hf://") ? null : Path.of(text);
        } catch (InvalidPathException _) {
            return null;
        }
    }

    /// A repository's snapshot in the cache, with the selected files in it.
    ///
    /// @throws HubException if they cannot be had
    public Path download(RepoId repo, Selection selection) {
        HubCache cache = new HubCache(settings.cache(), repo, settings.links());
        try {
            Optional<Path> cached = selection == Selection.MODEL ? cached(cache) : Optional.empty();
            if (settings.offline())
                return cached.orElseThrow(() -> new HubException("hub: " + repo + " is not (whole) in the cache " + settings.cache()
                        + ", and HF_HUB_OFFLINE forbids to ask the hub; unset it, or name a folder"));
            // What a commit means never changes, but another tool may have fetched the weights alone.
            if (repo.isCommit() && cached.filter(Snapshot::hasTokenizer).isPresent()) return cached.get();
            return online(cache, selection, cached);
        } catch (IOException e) {
            throw new UncheckedIOException("hub: the cache " + settings.cache() + " cannot be used (" + e.getClass().getSimpleName() + ": "
                    + e.getMessage() + "); HF_HOME names another place", e);
        }
    }

    /// The snapshot that the revision meant last, if a model is whole in it.
    private static Optional<Path> cached(HubCache cache) throws IOException {
        return cache.commit().map(cache::snapshot).filter(Snapshot::isComplete);
    }

    private Path online(HubCache cache, Selection selection, Optional<Path> cached) throws IOException {
        try {
            return update(cache, selection, cached.isPresent());
        } catch (HubException e) {
            if (!e.mayUseCache() || cached.isEmpty()) throw e;
            listener.line(e.getMessage() + "; going on with what is in the cache, " + cached.get());
            return cached.get();
        }
    }

    private Path update(HubCache cache, Selection selection, boolean fallback) throws IOException {
        RepoId repo = cache.repo();
        Listing listing;
        // With something to fall back on, one failure is enough.
        HubSettings.Times t = settings.times();
        HubSettings patient = fallback ? settings.with(new HubSettings.Times(t.answer(), t.pause(), t.longest(), 1)) : settings;
        try (HubClient client = new HubClient(patient, listener)) {
            listing = list(client, repo);
        }
        List<String> wanted = selection.of(listing.files);
        if (selection == Selection.MODEL && wanted.stream().noneMatch(f -> f.endsWith("config.json"))) {
            throw new HubException("hub: " + repo + " holds no config.json, wanted a model; it has " + listing.files.stream().limit(8).toList());
        }
        try (HubClient client = new HubClient(settings, listener)) {
            fetch(client, cache, listing.commit, wanted);
        }
        // Last: until then the state before, which is whole, is what the revision means without the hub.
        remember(cache, listing.commit);
        return cache.snapshot(listing.commit);
    }

    // A cache may be one that many read and few may write. The model is whole in it all the same.
    private void remember(HubCache cache, String commit) {
        try {
            cache.remember(commit);
        } catch (IOException | UncheckedIOException e) {
            listener.line(cache.repo() + ": all files are in the cache, but it could not be noted that they are what " + cache.repo().revision()
                    + " means (" + e.getMessage() + "); without the hub they are not found by that name");
        }
    }

    private record Listing(String commit, List<String> files) {}

    private static Listing list(HubClient client, RepoId repo) {
        byte[] body = client.get(client.address("/api/models/" + repo.name() + "/revision/" + quoted(repo.revision()).replace("/", "%2F")), repo,
                repo.toString());
        JsonNode root;
        try {
            root = JSON.readTree(body);
        } catch (IOException e) {
            throw new HubException("hub: " + repo + ": found an answer that is not JSON; is HF_ENDPOINT a hub? (" + e.getClass()
                    .getSimpleName() + ")");
        }
        String commit = root.path("sha").asText();
        if (!RepoId.isCommit(commit) || !root.path("siblings").isArray())
            throw new HubException("hub: " + repo + ": found an answer without sha and siblings; is HF_ENDPOINT a hub?");
        List<String> files = new ArrayList<>();
        root.path("siblings").forEach(s -> files.add(s.path("rfilename").asText()));
        return new Listing(commit, files);
    }

    // As Python's urllib.parse.quote, slashes kept.
    private static String quoted(String path) {
        return URLEncoder.encode(path, StandardCharsets.UTF_8).replace("+", "%20").replace("%2F", "/").replace("*", "%2A").replace("%7E", "~");
    }

    private record Wanted(String file, String etag, long size) {}

    private void fetch(HubClient client, HubCache cache, String commit, List<String> files) throws IOException {
        List<Wanted> missing = new ArrayList<>();
        for (String file : files) if (!Files.exists(cache.pointer(commit, file))) missing.add(head(client, cache.repo(), commit, file));
        long total = missing.stream().mapToLong(Wanted::size).reduce(0, Math::addExact);
        requireRoom(cache, missing);
        long before = 0;
        for (Wanted w : missing) {
            fetch(client, cache, commit, w, before, total);
            before += w.size;
        }
    }

    private static Wanted head(HubClient client, RepoId repo, String commit, String file) {
        String what = repo + ": " + file;
        HttpResponse<Void> response = client.head(client.address(address(repo, commit, file)), repo, what);
        HttpHeaders headers = response.headers();
        String etag = headers.firstValue("X-Linked-Etag").or(() -> headers.firstValue("ETag")).map(e -> e.replaceFirst("^W/", "").replace("\"", ""))
                .orElse("");
        long size = headers.firstValueAsLong("X-Linked-Size")
                .orElse(response.statusCode() == 200 ? headers.firstValueAsLong("Content-Length").orElse(-1) : -1);
        String said = headers.firstValue("X-Repo-Commit").orElse(commit);
        if (etag.isEmpty() || size < 0 || !said.equals(commit))
            throw new HubException("hub: " + what + ": found the etag \"" + etag + "\", " + size + " bytes, commit " + said
                    + ", wanted all three as a hub says them; is HF_ENDPOINT a hub?");
        return new Wanted(file, etag, size);
    }

    private static String address(RepoId repo, String commit, String file) { return "/" + repo.name() + "/resolve/" + commit + "/" + quoted(file); }

    private static void requireRoom(HubCache cache, List<Wanted> missing) throws IOException {
        long needed = 0;
        for (Wanted w : missing) {
            Path part = cache.incomplete(w.etag);
            if (!Files.exists(cache.blob(w.etag))) needed += w.size - (Files.exists(part) ? Math.min(w.size, Files.size(part)) : 0);
        }
        Files.createDirectories(cache.root());
        long room = Files.getFileStore(cache.root()).getUsableSpace();
        if (needed > room)
            throw new HubException("hub: " + cache.repo() + " needs " + needed + " bytes more, found " + room + " free on the disk of the cache "
                    + cache.root() + "; HF_HOME names another place");
    }

    private void fetch(HubClient client, HubCache cache, String commit, Wanted w, long before, long total) throws IOException {
        String what = cache.repo() + ": " + w.file;
        try (CacheLock lock = CacheLock.acquire(cache.lock(w.etag), listener)) {
            if (!lock.alone() && !unlocked.getAndSet(true))
                listener.line("the file system of the cache " + cache.root() + " has no locks (flock); going on without: another process that "
                        + "downloads the same file does so for itself");
            boolean fresh = !Files.exists(cache.blob(w.etag));
            if (fresh) {
                BlobDownload download = new BlobDownload(client, cache, client.address(address(cache.repo(), commit, w.file)), w.etag, w.size, what,
                        new Stall.Limit(settings.times().answer()), lock.alone());
                if (!download.checkable()) listener.line(what + ": the server names no hash (etag \"" + w.etag + "\"); only the length is checked");
                download.run(done -> listener.at(before + done, total, w.file));
            } else listener.at(before + w.size, total, w.file);
            cache.link(w.etag, commit, w.file, fresh);
        }
    }
}
