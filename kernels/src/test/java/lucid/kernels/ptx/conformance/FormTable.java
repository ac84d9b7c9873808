package lucid.kernels.ptx.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// Reads the tables of forms.
///
/// ```
/// # comment
/// @ add.s32 d, a, b; | d:s32 <- a:s32 b:s32        form, then results <- operands with their register types
///   7fffffff 1 = 80000000                          one case: operands = results, all hex, each case runs in a lane of its own
/// @ shfl.sync.down.b32 d|p, a, 1, 31, -1; | d:b32 p:pred <- a:b32
///   warp                                           all 32 lanes at once, register by register
///   a 0..1f                                        first..last counts up, value*n repeats
///   d 1..1f 1f
///   p 1*31 0
/// ! add.sat.u32 d, a, b; | d:u32 <- a:u32 b:u32    must be refused when it is loaded
/// ```
/// A form may be several statements, and may use `smem` (4096 bytes of shared memory) and `gp` (address of 4096 zeroed bytes of global memory).
/// `@8.4` in the place of `@` raises the module's `.version` from 8.0.
final class FormTable {
    private FormTable() {}

    /// A register of a form.
    record Slot(String name, String type) {
        int bits() {
            return type.equals("pred") ? 32 : Integer.parseInt(type.replaceAll("x2$", "").replaceAll("\\D", "")) * (type.endsWith("x2") ? 2 : 1);
        }
    }

    /// @param values per slot (operands first, then results) one value per case or lane
    record Form(String table, int line, String version, boolean refused, String text, List<Slot> results, List<Slot> operands, boolean warp,
            List<long[]> values) {
        @Override
        public String toString() {
            return table + ":" + line + " " + text;
        }

        int cases() {
            return values.isEmpty() ? 0 : values.getFirst().length;
        }
    }

    /// Every form of every table.
    static List<Form> all() {
        try (Stream<Path> files = Files.list(Path.of(FormTable.class.getResource("/ptx/forms").toURI()))) {
            return files.filter(f -> f.toString().endsWith(".forms")).sorted().flatMap(f -> read(f).stream()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Form> read(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Form> forms = new ArrayList<>();
        int i = 0;
        while (i < lines.size()) {
            String line = lines.get(i);
            if (line.startsWith("@") || line.startsWith("!")) {
                int first = i++;
                while (i < lines.size() && !lines.get(i).startsWith("@") && !lines.get(i).startsWith("!")) {
                    i++;
                }
                forms.add(form(file.getFileName().toString(), first + 1, line, body(lines.subList(first + 1, i))));
            } else {
                if (!line.isBlank() && !line.startsWith("#")) {
                    throw new IllegalArgumentException(file + ":" + (i + 1) + ": found '" + line + "' before the first form");
                }
                i++;
            }
        }
        return forms;
    }

    private static List<String> body(List<String> lines) {
        return lines.stream().map(l -> l.replaceAll("#.*", "").strip()).filter(l -> !l.isEmpty()).toList();
    }

    private static Form form(String table, int line, String head, List<String> body) {
        String[] parts = head.split("\\|(?=[^|]*<-)");
        String[] first = parts[0].strip().split("\\s+", 2);
        String version = first[0].length() > 1 ? first[0].substring(1) : "8.0";
        String[] sides = parts[1].split("<-", -1);
        List<Slot> results = slots(sides[0]);
        List<Slot> operands = slots(sides[1]);
        boolean refused = head.startsWith("!");
        boolean warp = !body.isEmpty() && body.getFirst().equals("warp");
        if (refused != body.isEmpty()) {
            throw new IllegalArgumentException(table + ":" + line + ": wanted cases after '@' and none after '!'");
        }
        List<Slot> all = Stream.concat(operands.stream(), results.stream()).toList();
        List<long[]> values = refused ? List.of() : warp ? lanes(table + ":" + line, all, body)
                : cases(table + ":" + line, all, operands.size(), body);
        return new Form(table, line, version, refused, first[1].strip(), results, operands, warp, values);
    }

    private static List<Slot> slots(String text) {
        return Arrays.stream(text.strip().split("\\s+")).filter(s -> !s.isEmpty()).map(s -> s.split(":")).map(s -> new Slot(s[0], s[1])).toList();
    }

    private static List<long[]> cases(String where, List<Slot> all, int operands, List<String> body) {
        List<long[]> values = new ArrayList<>();
        all.forEach(_ -> values.add(new long[body.size()]));
        for (int c = 0; c < body.size(); c++) {
            String[] words = body.get(c).replace("=", " = ").strip().split("\\s+");
            if (words.length != all.size() + 1 || !words[operands].equals("=")) {
                throw new IllegalArgumentException(where + ": case '" + body.get(c) + "', wanted " + operands + " operands = "
                        + (all.size() - operands) + " results");
            }
            for (int s = 0; s < all.size(); s++) {
                values.get(s)[c] = Long.parseUnsignedLong(words[s < operands ? s : s + 1], 16);
            }
        }
        return values;
    }

    private static List<long[]> lanes(String where, List<Slot> all, List<String> body) {
        List<long[]> values = new ArrayList<>();
        for (Slot slot : all) {
            String[] words = body.stream().skip(1).map(l -> l.split("\\s+")).filter(w -> w[0].equals(slot.name())).findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(where + ": no values for " + slot.name()));
            long[] lanes = Arrays.stream(words).skip(1).flatMapToLong(FormTable::sequence).toArray();
            if (lanes.length != 32) {
                throw new IllegalArgumentException(where + ": " + lanes.length + " values for " + slot.name() + ", wanted 32");
            }
            values.add(lanes);
        }
        return values;
    }

    private static java.util.stream.LongStream sequence(String word) {
        if (word.contains("..")) {
            String[] ends = word.split("\\.\\.");
            return java.util.stream.LongStream.rangeClosed(Long.parseLong(ends[0], 16), Long.parseLong(ends[1], 16));
        }
        String[] repeated = word.split("\\*");
        return java.util.stream.LongStream.generate(() -> Long.parseUnsignedLong(repeated[0], 16))
                .limit(repeated.length > 1 ? Integer.parseInt(repeated[1]) : 1);
    }
}
