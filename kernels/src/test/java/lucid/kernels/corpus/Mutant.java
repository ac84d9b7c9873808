package lucid.kernels.corpus;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// A seeded fault of `ptx/mutants.txt`, whose head explains the form.
record Mutant(String id, String kernel, Set<String> expect, String words, List<Edit> edits) {
    /// Text that stands in the kernel exactly once, and what takes its place.
    record Edit(String find, String with) {
    }

    boolean equivalent() {
        return expect.contains("EQUIVALENT");
    }

    /// A real fault that the emulator does not see.
    boolean unseen() {
        return expect.contains("UNSEEN");
    }

    /// `true` when the assembler notices the fault as well.
    boolean gateObjects() {
        return expect.contains("GATE");
    }

    /// The kernel's text with the fault in it.
    String apply() {
        String text = Corpus.text(kernel);
        for (Edit e : edits) {
            int at = text.indexOf(e.find);
            if (at < 0) throw new IllegalStateException("mutants.txt: " + id + ": '" + e.find + "' is not in " + kernel + ".ptx");
            if (text.indexOf(e.find, at + 1) >= 0) throw new IllegalStateException("mutants.txt: " + id + ": '" + e.find + "' is more than once in " + kernel + ".ptx; make it longer");
            text = text.substring(0, at) + e.with + text.substring(at + e.find.length());
        }
        return text;
    }

    @Override public String toString() {
        return id;
    }

    static List<Mutant> all() {
        try (InputStream in = Mutant.class.getResourceAsStream("/ptx/mutants.txt")) {
            return new Reader().read(new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
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

        List<Mutant> read(List<String> lines) {
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                if (line.isBlank() || line.startsWith("#")) continue;
                if (line.length() < 3 || line.charAt(1) != ' ') throw new IllegalStateException("mutants.txt:" + (i + 1) + ": '" + line + "'; wanted '= ', '* ', '- ' or '+ ' and text");
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
                    if (kernel == null || head.length != 3) throw new IllegalStateException("mutants.txt:" + number + ": wanted '* ID EXPECT WORDS' below a kernel");
                }
                case '-' -> {
                    if (!with.isEmpty()) endEdit();
                    find.add(text);
                }
                case '+' -> with.add(text);
                default -> throw new IllegalStateException("mutants.txt:" + number + ": unknown mark '" + kind + "'");
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
            if (edits.isEmpty()) throw new IllegalStateException("mutants.txt: " + head[0] + " changes nothing");
            mutants.add(new Mutant(head[0], kernel, Set.of(head[1].split(",")), head[2], List.copyOf(edits)));
            edits = new ArrayList<>();
            head = null;
        }
    }
}
