package lucid.nn.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where the hub and its cache are, as `huggingface_hub` finds them (its `constants.py`).
///
/// @param endpoint    address of the hub, no slash at its end
/// @param cache       the folder `hub` of all repositories
/// @param token       null: none
/// @param tokenSource where the token came from, or where one could be put; for messages
/// @param offline     never use the network
/// @param times       how patient to be
/// @param proxy       ways to the hub
/// @param links       whether files of the cache are links to blobs
public record HubSettings(URI endpoint, Path cache, String token, String tokenSource, boolean offline, Times times, ProxySelector proxy,
        boolean links) {
    private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
    private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)}|(\\w+))");

    /// @param answer   longest silence before an answer begins, and inside a file
    /// @param pause    before the first retry; doubled each time
    /// @param longest  that a server may ask us to wait (Retry-After)
    /// @param attempts in a row that bring nothing, before giving up
    public record Times(Duration answer, Duration pause, Duration longest, int attempts) {
        public static final Times USUAL = new Times(Duration.ofSeconds(10), Duration.ofSeconds(1), Duration.ofMinutes(5), 5);
    }

    public HubSettings {
        boolean http = "http".equals(endpoint.getScheme()) || "https".equals(endpoint.getScheme());
        if (!http || endpoint.getHost() == null)
            throw new IllegalArgumentException("HF_ENDPOINT: found \"" + endpoint + "\", wanted an address such as https://huggingface.co");
    }

    /// As usual, with links.
    public HubSettings(URI endpoint, Path cache, String token, String tokenSource, boolean offline, Times times, ProxySelector proxy) {
        this(endpoint, cache, token, tokenSource, offline, times, proxy, true);
    }

    /// The settings of this process.
    public static HubSettings ofEnvironment() { return of(System.getenv(), Path.of(System.getProperty("user.home"))); }

    /// The settings that an environment gives.
    public static HubSettings of(Map<String, String> env, Path home) {
        Path hfHome = expand(env.getOrDefault("HF_HOME", env.getOrDefault("XDG_CACHE_HOME", home.resolve(".cache").toString()) + "/huggingface"), env,
                home);
        Path cache = expand(env.getOrDefault("HF_HUB_CACHE", env.getOrDefault("HUGGINGFACE_HUB_CACHE", hfHome.resolve("hub").toString())), env, home);
        String offline = first(env, "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE");
        Path tokenFile = expand(env.getOrDefault("HF_TOKEN_PATH", hfHome.resolve("token").toString()), env, home);
        String token = clean(first(env, "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"));
        String source = token != null ? "HF_TOKEN" : tokenFile.toString();
        if (token == null && Files.isRegularFile(tokenFile)) token = clean(read(tokenFile));
        if (isTrue(env.get("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) token = null;
        String seconds = env.get("HF_HUB_DOWNLOAD_TIMEOUT");
        int wait = seconds == null ? 0 : number("HF_HUB_DOWNLOAD_TIMEOUT", seconds);
        // 0 is as good as nothing: Python's `or`.
        Times times = wait == 0 ? Times.USUAL : new Times(Duration.ofSeconds(wait), Times.USUAL.pause, Times.USUAL.longest, Times.USUAL.attempts);
        return new HubSettings(endpoint(env.getOrDefault("HF_ENDPOINT", "https://huggingface.co")), cache.toAbsolutePath(), token, source,
                isTrue(offline), times, new EnvironmentProxy(env, ProxySelector.getDefault()), !isTrue(env.get("HF_HUB_DISABLE_SYMLINKS")));
    }

    private static URI endpoint(String text) {
        try {
            return URI.create(text.replaceFirst("/+$", ""));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("HF_ENDPOINT: found \"" + text + "\", wanted an address such as https://huggingface.co", e);
        }
    }

    // An empty first one lets the second speak: Python's `or`.
    private static String first(Map<String, String> env, String name, String older) {
        String value = env.get(name);
        return value != null && !value.isEmpty() ? value : env.get(older);
    }

    private static boolean isTrue(String value) { return value != null && TRUE.contains(value.toUpperCase(Locale.ROOT)); }

    private static int number(String name, String text) {
        if (!text.matches("[0-9]{1,6}")) throw new IllegalArgumentException(name + ": found \"" + text + "\", wanted seconds");
        return Integer.parseInt(text);
    }

    private static String clean(String token) {
        String plain = token == null ? "" : token.replace("\r", "").replace("\n", "").strip();
        if (plain.chars().anyMatch(c -> c <= ' ' || c > '~'))
            throw new IllegalArgumentException("HF_TOKEN: found characters that no token has, wanted one word such as hf_...");
        return plain.isEmpty() ? null : plain;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": the token cannot be read (" + e.getClass().getSimpleName() + ")", e);
        }
    }

    // Python's expandvars and expanduser: `$NAME`, `${NAME}` (unknown ones stay) and a leading `~`.
    private static Path expand(String text, Map<String, String> env, Path home) {
        String user = text.equals("~") || text.startsWith("~/") ? home + text.substring(1) : text;
        Matcher m = VARIABLE.matcher(user);
        String all = m.replaceAll(r -> Matcher.quoteReplacement(env.getOrDefault(r.group(1) != null ? r.group(1) : r.group(2), r.group())));
        return Path.of(all);
    }

    HubSettings with(Times other) { return new HubSettings(endpoint, cache, token, tokenSource, offline, other, proxy, links); }

    /// Without the token, so that no log shows it.
    @Override public String toString() {
        return "hub " + endpoint + ", cache " + cache + (offline ? ", offline" : "") + (token != null ? ", with a token of " + tokenSource : "");
    }
}
