package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.nn.disk.IoReason;

/// What lies under the paths of a command line, told by content before anything runs: cases, their helpers, and what no family knows. A folder with a
/// case.json is a case, and everything in it is part of it, but for folders in it with a case.json of their own. Nothing is found twice, however many
/// paths and links lead to it.
///
/// @param found      in the order of the paths, each folder sorted by name
/// @param helpers    files that are no case but part of one that was found
/// @param notEntered folders that were met and not looked into: those that start with a dot, and Maven's `target` beside a pom.xml
public record CaseSearch(List<Found> found, List<Helper> helpers, List<Path> notEntered) {
    /// A folder with a case.json, or a JSON file.
    sealed interface Found {
        Path path();
    }

    /// @param label     what results call it: a folder's kind, or the family
    /// @param tokenizer file or folder that its field of this name names
    record Case(Path path, Family family, String label, Optional<Path> tokenizer) implements Found {}

    /// Of no family that this version knows, or no JSON.
    record Stranger(Path path, String why) implements Found {}

    /// @param rule how it is known to be one
    public record Helper(Path path, String rule) {}

    /// Looks through the paths.
    ///
    /// @throws IllegalArgumentException for a path that is not there, a folder without any case.json or JSON file, and a path that is itself of no
    /// known family
    public static CaseSearch under(List<Path> paths) throws IOException {
        Walk walk = new Walk();
        for (Path path : paths) {
            if (!Files.exists(path))
                throw new IllegalArgumentException(path + ": not there; wanted a case folder, a table (.json, .json.gz), or a folder of them");
            if (!walk.into(path, false))
                throw new IllegalArgumentException(path + ": found no case.json and no table (.json, .json.gz) in this folder; wanted at least one");
        }
        List<Found> found = new ArrayList<>();
        for (Path path : walk.candidates) found.add(recognise(path));
        refuseNamed(paths, found);
        List<Helper> helpers = helpers(found);
        Set<Path> helping = helpers.stream().map(Helper::path).collect(Collectors.toSet());
        found.removeIf(f -> helping.contains(f.path()));
        return new CaseSearch(List.copyOf(found), List.copyOf(helpers), List.copyOf(walk.notEntered));
    }

    private static Found recognise(Path path) throws IOException {
        boolean folder = Files.isDirectory(path);
        Path file = folder ? path.resolve("case.json") : path;
        JsonNode json;
        try {
            json = Tables.read(file);
        } catch (IllegalArgumentException e) {
            // it begins with the file, and so does every line about it
            return new Stranger(path, (folder ? "case.json, " : "") + e.getMessage().substring(file.toString().length() + 2));
        }
        Optional<Family> family = Family.of(path, json);
        String kind = json.path("kind").asText();
        if (family.isEmpty()) return new Stranger(path, folder ? "found kind \"" + kind + "\" in case.json" : "found " + fields(json));
        Optional<Path> tokenizer = Optional.of(json.path("tokenizer")).filter(JsonNode::isTextual)
                .map(t -> real((folder ? path : path.toAbsolutePath().getParent()).resolve(t.asText())));
        return new Case(path, family.get(), folder && family.get() != Family.TOKENIZER ? kind : family.get().name()
                .toLowerCase(Locale.ROOT), tokenizer);
    }

    private static String fields(JsonNode json) {
        List<String> names = new ArrayList<>();
        json.fieldNames().forEachRemaining(names::add);
        return names.isEmpty() ? "no fields" : "the fields [" + CaseResult.some(names, CaseResult.NAMED) + "]";
    }

    // What is named must be one; that is said before a long run of the others.
    private static void refuseNamed(List<Path> paths, List<Found> found) {
        Set<Path> named = paths.stream().map(CaseSearch::real).collect(Collectors.toSet());
        List<String> refused = found.stream().filter(f -> f instanceof Stranger && named.contains(real(f.path())))
                .map(f -> f.path() + ": " + ((Stranger) f).why).toList();
        if (!refused.isEmpty()) throw new IllegalArgumentException(CaseResult.some(refused, CaseResult.NAMED) + "; wanted " + Family.known());
    }

    private static List<Helper> helpers(List<Found> found) {
        Map<Path, Path> tokenizers = new HashMap<>();
        for (Found f : found) if (f instanceof Case c) c.tokenizer.ifPresent(t -> tokenizers.put(t, c.path));
        List<Helper> helpers = new ArrayList<>();
        for (Found f : found) {
            Path file = real(f.path());
            Path of = tokenizers.getOrDefault(file, tokenizers.get(file.getParent()));
            if (f instanceof Stranger && of != null) helpers.add(new Helper(f.path(), "the tokenizer that " + of + " names"));
        }
        return helpers;
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException _) {
            return path.toAbsolutePath().normalize();   // a link to nothing is a file that cannot be read, and is reported as that
        }
    }

    private static final class Walk {
        private final Map<Path, Boolean> seen = new HashMap<>();
        private final List<Path> candidates = new ArrayList<>();
        private final List<Path> notEntered = new ArrayList<>();

        /// Whether there is a candidate, found now or on an earlier way.
        ///
        /// @param inCase a JSON file in this folder is part of the case around it
        boolean into(Path path, boolean inCase) {
            Boolean before = seen.putIfAbsent(real(path), false);
            if (before != null) return before;
            boolean any = !Files.isDirectory(path) || Files.exists(path.resolve("case.json"));
            if (any) candidates.add(path);
            if (Files.isDirectory(path)) any |= inside(path, inCase || any);
            seen.put(real(path), any);
            return any;
        }

        private boolean inside(Path folder, boolean inCase) {
            List<Path> inside;
            try (Stream<Path> list = Files.list(folder)) {
                inside = list.sorted().toList();
            } catch (IOException e) {
                throw new IllegalArgumentException(folder + ": could not be listed: " + IoReason.of(e));
            }
            boolean any = false;
            for (Path p : inside) {
                if (!Files.isDirectory(p)) any |= !inCase && json(p) && into(p, false);
                else if (apart(p)) notEntered.add(p);
                else any |= into(p, inCase);
            }
            return any;
        }

        private static boolean json(Path file) { return file.toString().endsWith(".json") || file.toString().endsWith(".json.gz"); }

        private static boolean apart(Path folder) {
            String name = folder.getFileName().toString();
            return name.startsWith(".") || name.equals("target") && Files.exists(folder.resolveSibling("pom.xml"));
        }
    }
}
