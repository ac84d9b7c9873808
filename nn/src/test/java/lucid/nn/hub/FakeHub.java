package lucid.nn.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/// A hub on this machine that speaks as the real one does, large files on a second host, and fails as it is told to.
final class FakeHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    /// What goes wrong with one answer.
    sealed interface Fault {
        /// The connection ends after so many bytes of the body.
        record Break(int after) implements Fault {}

        /// Nothing more comes after so many bytes.
        record Silence(int after) implements Fault {}

        /// Another status, with `name: value` headers.
        record Status(int code, String... headers) implements Fault {}

        /// The body has other bytes of the same length.
        record WrongBytes() implements Fault {}

        /// The body has so many bytes more.
        record Longer(int by) implements Fault {}

        /// Range is not understood: the whole file, 200.
        record WholeFile() implements Fault {}

        /// 206, but from another byte than asked.
        record OtherRange() implements Fault {}

        /// To another path of the same host.
        record RelativeRedirect() implements Fault {}

        record Packed() implements Fault {}
    }

    /// @param host  `hub` or `cdn`
    record Request(String host, String method, String path, String authorization, String range) {}

    final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
    private final Map<String, byte[]> files = new TreeMap<>();
    private final Map<String, Deque<Fault>> faults = new HashMap<>();
    private final HttpServer hub;
    private final HttpServer cdn;
    private final String repo;
    private final int large;
    private volatile String commit = COMMIT;

    /// @param large files of at least so many bytes are large ones: named by sha256, served by the other host
    FakeHub(String repo, int large) throws IOException {
        this.repo = repo;
        this.large = large;
        hub = start("hub");
        cdn = start("cdn");
    }

    private HttpServer start(String name) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            try (exchange) {
                handle(name, exchange);
            }
        });
        server.start();
        return server;
    }

    FakeHub file(String name, byte[] bytes) {
        files.put(name, bytes);
        return this;
    }

    void remove(String name) { files.remove(name); }

    /// What main means from now on; the files are that commit's.
    void commit(String other) { commit = other; }

    FakeHub file(String name, String text) { return file(name, text.getBytes(StandardCharsets.UTF_8)); }

    /// The next answers about a path (its end) go wrong one by one; HEAD requests have faults of their own, under `HEAD path`.
    FakeHub fault(String path, Fault... wrong) {
        faults.computeIfAbsent(path, _ -> new ArrayDeque<>()).addAll(List.of(wrong));
        return this;
    }

    /// Faults that no request has met.
    Map<String, Deque<Fault>> left() {
        synchronized (faults) {
            faults.values().removeIf(Deque::isEmpty);
            return Map.copyOf(faults);
        }
    }

    URI endpoint() { return URI.create("http://127.0.0.1:" + hub.getAddress().getPort()); }

    List<Request> requests(String method, String end) {
        synchronized (requests) {
            return requests.stream().filter(r -> r.method.equals(method) && r.path.endsWith(end)).toList();
        }
    }

    byte[] bytes(String name) { return files.get(name); }

    String etag(String name) { return etag(files.get(name)); }

    private String etag(byte[] bytes) {
        try {
            if (bytes.length >= large) return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
            MessageDigest git = MessageDigest.getInstance("SHA-1");
            git.update(("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(git.digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private void handle(String host, HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String method = exchange.getRequestMethod();
        Headers in = exchange.getRequestHeaders();
        requests.add(new Request(host, method, path, in.getFirst("Authorization"), in.getFirst("Range")));
        Fault fault = next(method, host.equals("cdn") ? "cdn:" + path : path);
        if (fault instanceof Fault.Status(int code, String[] headers)) {
            for (String h : headers) exchange.getResponseHeaders().add(h.substring(0, h.indexOf(':')), h.substring(h.indexOf(':') + 1).strip());
            exchange.sendResponseHeaders(code, -1);
        } else if (path.startsWith("/api/models/")) {
            api(exchange, path);
        } else if (host.equals("cdn")) {
            body(exchange, files.values().stream().filter(b -> path.endsWith(etag(b))).findFirst().orElseThrow(), fault);
        } else {
            resolve(exchange, path, fault);
        }
    }

    private Fault next(String method, String path) {
        synchronized (faults) {
            for (Map.Entry<String, Deque<Fault>> e : faults.entrySet()) {
                String key = e.getKey();
                boolean same = key.startsWith("HEAD ") == method.equals("HEAD") && path.endsWith(key.replaceFirst("^(HEAD |cdn:)", ""))
                        && key.startsWith("cdn:") == path.startsWith("cdn:");
                if (same && !e.getValue().isEmpty()) return e.getValue().poll();
            }
            return null;
        }
    }

    private void api(HttpExchange exchange, String path) throws IOException {
        String prefix = "/api/models/" + repo;
        if (!path.equals(prefix + "/revision/main") && !path.equals(prefix + "/revision/" + commit) && !path.equals(prefix)
                && !path.startsWith(prefix + "/tree/" + commit)) {
            exchange.getResponseHeaders().add("X-Error-Code", path.startsWith(prefix + "/") ? "RevisionNotFound" : "RepoNotFound");
            exchange.sendResponseHeaders(path.startsWith(prefix) ? 404 : 401, -1);
            return;
        }
        ObjectMapper json = new ObjectMapper();
        byte[] text;
        if (path.contains("/tree/")) {
            var list = json.createArrayNode();
            files.forEach((name, b) -> {
                ObjectNode file = list.addObject().put("type", "file").put("path", name).put("size", b.length)
                        .put("oid", HexFormat.of().formatHex(Arrays.copyOf(etag(b).getBytes(StandardCharsets.US_ASCII), 20)));
                if (b.length >= large) file.putObject("lfs").put("oid", etag(b)).put("size", b.length).put("pointerSize", 135);
            });
            text = json.writeValueAsBytes(list);
        } else {
            ObjectNode root = json.createObjectNode().put("id", repo).put("sha", commit);
            var list = root.putArray("siblings");
            files.keySet().forEach(f -> list.addObject().put("rfilename", f));
            text = json.writeValueAsBytes(root);
        }
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, text.length);
        exchange.getResponseBody().write(text);
    }

    private void resolve(HttpExchange exchange, String path, Fault fault) throws IOException {
        String prefix = "/" + repo + "/resolve/" + commit + "/";
        String name = path.startsWith("/moved") ? path.substring(6 + prefix.length()) : path.startsWith(prefix)
                ? path.substring(prefix.length()) : "";
        byte[] bytes = files.get(name);
        Headers out = exchange.getResponseHeaders();
        if (bytes == null) {
            out.add("X-Error-Code", "EntryNotFound");
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        if (fault instanceof Fault.RelativeRedirect) {
            out.add("Location", "/moved" + path);
            exchange.sendResponseHeaders(307, -1);
            return;
        }
        out.add("X-Repo-Commit", commit);
        if (bytes.length >= large) {
            out.add("X-Linked-Etag", "\"" + etag(bytes) + "\"");
            out.add("X-Linked-Size", String.valueOf(bytes.length));
            out.add("ETag", "\"0000\"");
            out.add("Location", "http://localhost:" + cdn.getAddress().getPort() + "/signed/" + etag(bytes));
            exchange.sendResponseHeaders(302, -1);
            return;
        }
        out.add("ETag", "\"" + etag(bytes) + "\"");
        body(exchange, bytes, fault);
    }

    private static void body(HttpExchange exchange, byte[] all, Fault fault) throws IOException {
        Headers out = exchange.getResponseHeaders();
        if (exchange.getRequestMethod().equals("HEAD")) {
            out.add("Content-Length", String.valueOf(all.length));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        String range = exchange.getRequestHeaders().getFirst("Range");
        int from = range == null || fault instanceof Fault.WholeFile ? 0 : Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
        if (from > 0 && from >= all.length) {
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        if (fault instanceof Fault.OtherRange) from = Math.max(0, from - 1);
        byte[] bytes = Arrays.copyOfRange(all, from, all.length + (fault instanceof Fault.Longer(int by) ? by : 0));
        if (fault instanceof Fault.WrongBytes) bytes[bytes.length / 2] ^= 1;
        if (fault instanceof Fault.Packed) out.add("Content-Encoding", "gzip");
        if (from > 0) out.add("Content-Range", "bytes " + from + "-" + (all.length - 1) + "/" + all.length);
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length == 0 ? -1 : bytes.length);
        int end = switch (fault) {
            case Fault.Break(int after) -> after;
            case Fault.Silence(int after) -> after;
            case null, default -> bytes.length;
        };
        exchange.getResponseBody().write(bytes, 0, Math.min(end, bytes.length));
        exchange.getResponseBody().flush();
        if (fault instanceof Fault.Silence) pause();
    }

    private static void pause() {
        try {
            Thread.sleep(3_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override public void close() {
        hub.stop(0);
        cdn.stop(0);
    }

    /// Serves a folder until the process is ended: for trying other tools against it.
    public static void main(String[] args) throws IOException {
        FakeHub server = new FakeHub(args[0], 10_000);
        Path folder = Path.of(args[1]);
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path p : all.filter(Files::isRegularFile).toList())
                server.file(folder.relativize(p).toString().replace('\\', '/'), Files.readAllBytes(p));
        }
        System.out.println(server.endpoint());
    }
}
