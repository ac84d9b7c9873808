package lucid.nn.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/// Requests to the hub: redirects followed by hand, because the token may go to the hub's own host only; waits and retries where the server asks
/// for them or the connection fails, and no others.
final class HubClient implements AutoCloseable {
    private static final int REDIRECTS = 10;
    private static final Set<Integer> MOVED = Set.of(301, 302, 303, 307, 308);
    private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);
    private static final Pattern RATE_LIMIT = Pattern.compile("r\\s*=\\s*0\\s*;\\s*t\\s*=\\s*(\\d{1,9})");

    private final HubSettings settings;
    private final HubListener listener;
    private final HttpClient http;

    HubClient(HubSettings settings, HubListener listener) {
        this.settings = settings;
        this.listener = listener;
        // HTTP/1.1: one long body at a time, and the flow control of HTTP/2 only slows that.
        this.http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.times().answer())
                .proxy(settings.proxy()).build();
    }

    URI address(String path) { return URI.create(settings.endpoint() + path); }

    /// The body of a page.
    byte[] get(URI address, RepoId repo, String what) {
        return retrying(what, () -> answered(follow("GET", address, Map.of(), true, HttpResponse.BodyHandlers.ofByteArray()), repo, what)).body();
    }

    /// A file's headers. Redirects to other hosts are not followed: the hub itself says size and hash.
    HttpResponse<Void> head(URI address, RepoId repo, String what) {
        return retrying(what, () -> answered(follow("HEAD", address, Map.of(), false, HttpResponse.BodyHandlers.discarding()), repo, what));
    }

    /// One attempt to read a file from byte `from` on; the caller retries. Status 200, 206 or 416.
    ///
    /// @throws IOException of a failure that may pass
    HttpResponse<InputStream> open(URI address, long from, RepoId repo, String what) throws IOException {
        Map<String, String> range = from == 0 ? Map.of() : Map.of("Range", "bytes=" + from + "-");
        HttpResponse<InputStream> response = follow("GET", address, range, true, HttpResponse.BodyHandlers.ofInputStream());
        if (response.statusCode() == 416) return response;
        if (response.statusCode() >= 300) response.body().close();
        return answered(response, repo, what);
    }

    private interface Attempt<T> {
        T run() throws IOException;
    }

    /// Again and again, until it works, cannot work, or patience ends.
    private <T> T retrying(String what, Attempt<T> attempt) {
        for (int failed = 0; ; failed++) {
            try {
                return attempt.run();
            } catch (IOException e) {
                pauseAfter(e, failed + 1, what);
            }
        }
    }

    /// Waits before the next attempt.
    ///
    /// @param failed attempts in a row that brought nothing
    void pauseAfter(IOException e, int failed, String what) {
        String reason = e.getMessage() != null ? e.getMessage() : e.getClass().getSimpleName();
        if (failed >= settings.times().attempts()) throw new HubException("hub: " + what + ": failed " + failed + " times, last with: " + reason, e);
        Duration wait = e instanceof Busy busy && busy.wait != null ? busy.wait : settings.times().pause()
                .multipliedBy(1L << Math.min(failed - 1, 6));
        if (wait.compareTo(settings.times().longest()) > 0) {
            throw new HubException("hub: " + what + ": " + reason + "; the server asks to wait " + wait.toSeconds() + " s, more than "
                    + settings.times().longest().toSeconds() + " s. Try again then; a token (HF_TOKEN) has higher limits", e);
        }
        listener.line(what + ": " + reason + "; again in " + Math.max(1, wait.toSeconds()) + " s");
        try {
            Thread.sleep(wait);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HubException("hub: " + what + ": interrupted", interrupted);
        }
    }

    private <T> HttpResponse<T> follow(String method, URI address, Map<String, String> headers, boolean toOtherHosts,
            HttpResponse.BodyHandler<T> handler) throws IOException {
        URI at = address;
        for (int i = 0; i < REDIRECTS; i++) {
            HttpResponse<T> response = send(method, at, headers, handler);
            String location = response.headers().firstValue("Location").orElse(null);
            if (!MOVED.contains(response.statusCode()) || location == null) return response;
            URI next = target(at, location);
            if (!toOtherHosts && !isHub(next)) return response;
            if (response.body() instanceof InputStream body) body.close();
            at = next;
        }
        throw new HubException("hub: " + address + ": more than " + REDIRECTS + " redirects");
    }

    private static URI target(URI from, String location) {
        URI next;
        try {
            next = from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new HubException("hub: " + from + " redirects to \"" + location + "\", which is no address", e);
        }
        boolean http = "https".equals(next.getScheme()) || "http".equals(next.getScheme()) && "http".equals(from.getScheme());
        if (!http || next.getHost() == null)
            throw new HubException("hub: " + from + " redirects to " + next.getScheme() + "://" + next.getHost() + ", wanted https");
        return next;
    }

    private boolean isHub(URI address) {
        URI hub = settings.endpoint();
        return hub.getScheme().equals(address.getScheme()) && hub.getHost().equalsIgnoreCase(address.getHost()) && hub.getPort() == address.getPort();
    }

    private <T> HttpResponse<T> send(String method, URI address, Map<String, String> headers,
            HttpResponse.BodyHandler<T> handler) throws IOException {
        // Identity: a size or hash of a compressed body would say nothing.
        HttpRequest.Builder request = HttpRequest.newBuilder(address).timeout(settings.times().answer())
                .method(method, HttpRequest.BodyPublishers.noBody())
                .header("Accept-Encoding", "identity").header("User-Agent", "lucid; java/" + Runtime.version().feature());
        headers.forEach(request::header);
        if (settings.token() != null && isHub(address)) request.header("Authorization", "Bearer " + settings.token());
        try {
            return http.send(request.build(), handler);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("hub: " + address.getHost() + ": interrupted", e);
        } catch (SSLException e) {
            throw new HubException("hub: " + address.getHost() + ": no safe connection (" + e.getMessage()
                    + "); behind a proxy that reads along, Java must trust its certificate (-Djavax.net.ssl.trustStore)", e);
        } catch (ConnectException e) {
            throw new IOException("no connection to " + address.getScheme() + "://" + address.getAuthority()
                    + (e.getMessage() == null ? "" : " (" + e.getMessage() + ")"), e);
        }
    }

    /// The response, if it brings what was asked for.
    private <T> HttpResponse<T> answered(HttpResponse<T> response, RepoId repo, String what) throws IOException {
        int status = response.statusCode();
        if (status / 100 == 2 || MOVED.contains(status)) return response;
        if (PASSING.contains(status)) throw new Busy(status, wait(response));
        Refusal refusal = new Refusal(settings, repo, what);
        String code = response.headers().firstValue("X-Error-Code").orElse("");
        // A hub behind another name says what it means; a store of files says nothing.
        boolean store = code.isEmpty() && !settings.endpoint().getHost().equalsIgnoreCase(response.uri().getHost());
        if (store && (status == 401 || status == 403)) throw new HubException(refusal.elsewhere(status, response.uri().getHost()), status);
        throw new HubException(refusal.message(status, code, response.headers().firstValue("X-Error-Message").orElse("")), status);
    }

    private static Duration wait(HttpResponse<?> response) {
        String after = response.headers().firstValue("Retry-After").orElse(null);
        if (after == null) {
            Matcher m = RATE_LIMIT.matcher(response.headers().firstValue("RateLimit").orElse(""));
            return m.find() ? Duration.ofSeconds(Long.parseLong(m.group(1))) : null;
        }
        if (after.matches("\\d{1,9}")) return Duration.ofSeconds(Long.parseLong(after));
        try {
            Duration until = Duration.between(ZonedDateTime.now(), ZonedDateTime.parse(after, DateTimeFormatter.RFC_1123_DATE_TIME));
            return until.isNegative() ? Duration.ZERO : until;
        } catch (DateTimeParseException _) {
            return null;
        }
    }

    @Override public void close() { http.close(); }

    /// A server that cannot answer now.
    private static final class Busy extends IOException {
        private static final long serialVersionUID = 1;
        private final transient Duration wait;

        Busy(int status, Duration wait) {
            super("the server answered " + status + (status == 429 ? " (too many requests)" : ""));
            this.wait = wait;
        }
    }
}
