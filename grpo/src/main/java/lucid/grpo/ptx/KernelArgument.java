package lucid.grpo.ptx;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lucid.grpo.console.UsageException;

/// An argument of a kernel as a user writes it: `out=f32[256]:zero` or `n=u32:256`.
public sealed interface KernelArgument {
    /// The parameter's name.
    String name();

    /// The type of its elements.
    ElementType type();

    /// A number that is passed by value.
    ///
    /// @param bits its raw bits, in the low end
    record Scalar(String name, ElementType type, long bits) implements KernelArgument {}

    /// A buffer in global memory whose address is passed.
    ///
    /// @param elements its length; the first byte behind it is out of bounds
    /// @param contents what it holds before the run
    record Buffer(String name, ElementType type, long elements, Contents contents) implements KernelArgument {}

    Pattern FORM = Pattern.compile("([\\w$%]+)=([a-z0-9]+)(?:\\[([0-9_]+)])?:(.+)");
    String WANTED = "wanted NAME=TYPE[COUNT]:CONTENTS (out=f32[256]:zero) or NAME=TYPE:VALUE (n=u32:256)";

    /// Reads one argument.
    ///
    /// @throws IllegalArgumentException says what was found and what was wanted
    static KernelArgument parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) throw new UsageException("--arg " + text + ": " + WANTED);
        ElementType type = ElementType.of(m.group(2), text);
        if (m.group(3) == null) return new Scalar(m.group(1), type, type.bits(m.group(4), text));
        long elements;
        try {
            elements = Long.parseLong(m.group(3).replace("_", ""));
        } catch (NumberFormatException e) {
            throw new UsageException("--arg " + text + ": the count '" + m.group(3) + "' is no number of elements");
        }
        if (elements < 1) throw new UsageException("--arg " + text + ": found " + elements + " elements, wanted at least 1");
        return new Buffer(m.group(1), type, elements, Contents.parse(m.group(4), text));
    }
}
