package lucid.kernels.corpus;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// A seeded fault of a file such as `ptx/mutants.txt`, whose head explains the form.
public record Mutant(String id, String kernel, Set<String> expect, String words, List<Edit> edits) {
    /// Text that stands in the kernel exactly once, and what takes its place.
    public record Edit(String find, String with) {
    }

    public boolean equivalent() {
        return expect.contains("EQUIVALENT");
    }

    /// A real fault that the emulator does not see.
    public boolean unseen() {
        return expect.contains("UNSEEN");
    }

    /// `true` when the assembler notices the fault as well.
    boolean gateObjects() {
        return expect.contains("GATE");
    }

    /// The text of the corpus' kernel with the fault in it.
    String apply() {
        return apply(Corpus.text(kernel));
    }

    /// The kernel's text with the fault in it.
    public String apply(String text) {
        for (Edit e : edits) {
            int at = text.indexOf(e.find);
            if (at < 0) throw new IllegalStateException("mutants: " + id + ": '" + e.find + "' is not in " + kernel + ".ptx");
            if (text.indexOf(e.find, at + 1) >= 0)
                throw new IllegalStateException("mutants: " + id + ": '" + e.find + "' is more than once in " + kernel + ".ptx; make it longer");
            text = text.substring(0, at) + e.with + text.substring(at + e.find.length());
        }
        return text;
    }

    @Override public String toString() {
        return id;
    }

    static List<Mutant> all() {
        return read("/ptx/mutants.txt");
    }

    /// The faults of a resource.
    public static List<Mutant> read(String resource) {
        try (InputStream in = Mutant.class.getResourceAsStream(resource)) {
            if (in == null) throw new IllegalStateException(resource + " is missing from the test resources");
            return new Reader(resource).read(new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class Reader {
        private final List<Mutant> mutants = new ArrayList<>();
        private final List<String> find = new ArrayList<>();
        private final List<String> with = new ArrayList<>();
        private List<Edit> edits = new ArrayList<>();
        private String kernel;
        private String[] head;
        private final String file;

        Reader(String file) {
            this.file = file;
        }

        List<Mutant> read(List<String> lines) {
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                if (line.isBlank() || line.startsWith("#")) continue;
                if (line.length() < 3 || line.charAt(1) != ' ')
                    throw new IllegalStateException(file + ":" + (i + 1) + ": '" + line + "'; wanted '= ', '* ', '- ' or '+ ' and text");
                take(line.charAt(0), line.substring(2), i + 1);
            }
            endMutant();
            return mutants;
        }

        private void take(char kind, String text, int number) {
            switch (kind) {
                case '=' -> {
                    endMutant();
                    kernel = text;
                }
                case '*' -> {
                    endMutant();
                    head = text.split(" ", 3);
                    if (kernel == null || head.length != 3)
                        throw new IllegalStateException(file + ":" + number + ": wanted '* ID EXPECT WORDS' below a kernel");
                }
                case '-' -> {
                    if (!with.isEmpty()) endEdit();
                    find.add(text);
                }
                case '+' -> with.add(text);
                default -> throw new IllegalStateException(file + ":" + number + ": unknown mark '" + kind + "'");
            }
        }

        private void endEdit() {
            if (!find.isEmpty()) edits.add(new Edit(String.join("\n", find), String.join("\n", with)));
            find.clear();
            with.clear();
        }

        private void endMutant() {
            endEdit();
            if (head == null) return;
            if (edits.isEmpty()) throw new IllegalStateException(file + ": " + head[0] + " changes nothing");
            mutants.add(new Mutant(head[0], kernel, Set.of(head[1].split(",")), head[2], List.copyOf(edits)));
            edits = new ArrayList<>();
            head = null;
        }
    }
}
