package lucid.nn.memory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// What needs how much: some of it as long as the work goes on, the rest in phases that follow each other. The need is the first plus the largest
/// phase.
///
/// @param work     what is planned, with its settings
/// @param always   held from beginning to end
/// @param phases   one after the other
/// @param beside   what a device with memory of its own leaves to the host; no part of the need
public record MemoryPlan(String work, List<Item> always, List<Phase> phases, List<Item> beside) {
    /// @param how the formula with its numbers
    /// @param java whether it is Java's own: on the host, whatever the device
    public record Item(String what, long bytes, String how, boolean java) {
        public Item {
            if (bytes < 0) throw new IllegalArgumentException("memory plan: " + what + " needs " + bytes + " bytes");
        }
    }

    /// What is held at the same time in one part of the work.
    public record Phase(String name, List<Item> items) {
        public Phase { items = List.copyOf(items); }

        public long bytes() { return sum(items); }
    }

    public MemoryPlan {
        always = List.copyOf(always);
        phases = List.copyOf(phases);
        beside = List.copyOf(beside);
    }

    /// Everything in one memory.
    public MemoryPlan(String work, List<Item> always, List<Phase> phases) { this(work, always, phases, List.of()); }

    /// The same on a device with memory of its own: what is Java's stays beside.
    MemoryPlan apart() {
        List<Phase> own = phases.stream().map(p -> new Phase(p.name, p.items.stream().filter(i -> !i.java).toList())).toList();
        // An item of several phases is held once.
        List<Item> java = Stream.concat(Stream.concat(always.stream(), beside.stream()), phases.stream().flatMap(p -> p.items.stream()))
                .filter(Item::java).distinct().toList();
        return new MemoryPlan(work, always.stream().filter(i -> !i.java).toList(), own, java);
    }

    private static long sum(List<Item> items) { return items.stream().mapToLong(Item::bytes).reduce(0, Math::addExact); }

    /// The work's first word.
    public String name() { return work.substring(0, work.indexOf(' ')); }

    /// The whole need of the device's memory.
    public long bytes() { return Math.addExact(sum(always), largest() == null ? 0 : largest().bytes()); }

    /// The host's need beside it.
    public long bytesBeside() { return sum(beside); }

    private Phase largest() { return phases.stream().max(Comparator.comparingLong(Phase::bytes)).orElse(null); }

    /// Refuses work that needs more than `limit`.
    ///
    /// @param advice what a user can change, one sentence
    /// @throws MemoryException with the table
    public MemoryPlan require(MemoryLimit limit, String advice) {
        if (bytes() > limit.bytes())
            throw new MemoryException(work + " needs " + size(bytes()) + ", found " + limit + ". " + advice + "\n" + table().stripTrailing());
        return this;
    }

    /// The table, largest phase marked.
    public String table() {
        List<String[]> rows = new ArrayList<>();
        for (Item i : always) rows.add(new String[] {"  " + i.what, size(i.bytes), i.how});
        for (Phase p : phases) {
            rows.add(new String[] {(p == largest() ? "* " : "  ") + "while " + p.name, size(p.bytes()), p == largest() ? "the largest phase" : ""});
            for (Item i : p.items) rows.add(new String[] {"      " + i.what, size(i.bytes), i.how});
        }
        rows.add(new String[] {"  all", size(bytes()), largest() == null ? "" : "what is always held, and the largest phase"});
        if (!beside.isEmpty()) rows.add(new String[] {"  beside it, on the host", size(bytesBeside()), ""});
        for (Item i : beside) rows.add(new String[] {"      " + i.what, size(i.bytes), i.how});
        int first = rows.stream().mapToInt(r -> r[0].length()).max().orElse(0);
        StringBuilder out = new StringBuilder(work).append('\n');
        for (String[] r : rows) out.append(String.format(Locale.ROOT, "%-" + first + "s %10s  %s", r[0], r[1], r[2]).stripTrailing()).append('\n');
        return out.toString();
    }

    /// `7.26 GB`: powers of ten, as disks and file lists have them.
    public static String size(long bytes) {
        if (bytes < 1_000_000) return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
        return bytes < 1_000_000_000 ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6) : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
    }

    /// Bytes from `20G`, `512M` (powers of two, as `-Xmx` has them) or a plain number.
    public static long parse(String text) {
        String t = text.strip().toUpperCase(Locale.ROOT).replaceFirst("I?B$", "");
        int shift = t.endsWith("G") ? 30 : t.endsWith("M") ? 20 : t.endsWith("K") ? 10 : 0;
        String digits = shift > 0 ? t.substring(0, t.length() - 1) : t;
        if (!digits.matches("[1-9]\\d{0,9}") && !(shift == 0 && digits.matches("[1-9]\\d{0,17}")))
            throw new IllegalArgumentException("found '" + text + "', wanted a size such as 20G or 512M");
        return Math.multiplyExact(Long.parseLong(digits), 1L << shift);
    }
}
