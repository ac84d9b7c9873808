package lucid.nn.hub;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/// A model repository of the hub and which state of it.
///
/// @param name     `org/name`
/// @param revision branch, tag or commit
public record RepoId(String name, String revision) {
    private static final String SCHEME = "hf://";
    // As huggingface_hub validates ids: letters, digits, - _ . ; neither end is - or . ; no -- and no ..
    private static final Pattern PART = Pattern.compile("[\\w](?:[\\w.-]{0,94}[\\w])?", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern REVISION = Pattern.compile("[\\w][\\w./-]{0,249}");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    public RepoId {
        String[] parts = name.split("/", -1);
        boolean sound = parts.length == 2 && PART.matcher(parts[0]).matches() && PART.matcher(parts[1]).matches() && !name.contains("--")
                && !name.contains("..") && !name.endsWith(".git");
        if (!sound)
            throw new IllegalArgumentException("hub: found \"" + name + "\", wanted ORG/NAME as on the hub, for example Zhang199/TinyLLaVA-Video-R1");
        if (!REVISION.matcher(revision).matches() || revision.contains("..") || revision.contains("//") || revision.endsWith("/"))
            throw new IllegalArgumentException("hub: found revision \"" + revision + "\" of " + name + ", wanted a branch, tag or commit");
    }

    /// `ORG/NAME` or `ORG/NAME@REVISION`, with or without `hf://` before it.
    public static RepoId of(String text) {
        String plain = text.startsWith(SCHEME) ? text.substring(SCHEME.length()) : text;
        int at = plain.indexOf('@');
        return at < 0 ? new RepoId(plain, "main") : new RepoId(plain.substring(0, at), plain.substring(at + 1));
    }

    /// What may be meant as a repository although nobody said so: two plain names with a slash between, the first of which is no folder here.
    static Optional<RepoId> guess(String text) {
        try {
            RepoId id = of(text);
            boolean folder = !text.startsWith(SCHEME) && Files.isDirectory(Path.of(id.name.substring(0, id.name.indexOf('/'))));
            return folder ? Optional.empty() : Optional.of(id);
        } catch (IllegalArgumentException _) {
            if (text.startsWith(SCHEME)) throw new InvalidPathException(text, "not ORG/NAME[@REVISION] after " + SCHEME);
            return Optional.empty();
        }
    }

    /// True if the revision is a whole commit hash, which never changes its meaning.
    boolean isCommit() { return COMMIT.matcher(revision).matches(); }

    static boolean isCommit(String text) { return COMMIT.matcher(text).matches(); }

    @Override public String toString() { return revision.equals("main") ? name : name + "@" + revision; }
}
