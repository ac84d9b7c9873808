package lucid.grpo.ptx;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import lucid.grpo.console.UsageException;
import lucid.nn.file.StoredType;

/// Types of kernel arguments. A value is a double (floating) or a long, and raw bits in memory.
public enum ElementType {
    U8(1, StoredType.U8), S8(1, StoredType.I8), U16(2, StoredType.U16), S16(2, StoredType.I16), U32(4, StoredType.U32), S32(4, StoredType.I32),
            U64(8, StoredType.U64), S64(8, StoredType.I64),
    F16(2, StoredType.F16), BF16(2, StoredType.BF16), F32(4, StoredType.F32), F64(8, StoredType.F64);

    private final int bytes;
    private final StoredType stored;

    ElementType(int bytes, StoredType stored) {
        this.bytes = bytes;
        this.stored = stored;
    }

    /// Size of one value in memory.
    public int bytes() { return bytes; }

    /// The same type in a safetensors file.
    public StoredType stored() { return stored; }

    public boolean floating() { return this == F16 || this == BF16 || this == F32 || this == F64; }

    /// Whether it is a signed integer; floating types are not.
    public boolean signed() { return name().charAt(0) == 'S'; }

    /// The spelling of the command line.
    public String text() { return name().toLowerCase(Locale.ROOT); }

    static ElementType of(String text, String argument) {
        return Arrays.stream(values()).filter(t -> t.text().equals(text)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "--arg " + argument + ": unknown type '" + text + "', wanted one of " + Arrays.stream(values()).map(ElementType::text)
                        .collect(Collectors.joining(" "))));
    }

    /// Raw bits of a written value; integers may be hexadecimal.
    long bits(String text, String argument) {
        try {
            if (floating()) return bits(Double.parseDouble(text));
            boolean hex = text.startsWith("0x");
            long value = hex ? Long.parseUnsignedLong(text.substring(2), 16) : this == U64 ? Long.parseUnsignedLong(text) : Long.parseLong(text);
            if (bytes < 8 && (signed() && !hex ? value < -(1L << 8 * bytes - 1) || value >= 1L << 8 * bytes - 1 : value < 0
                    || value >= 1L << 8 * bytes)) {
                throw new UsageException("--arg " + argument + ": " + text + " does not fit into " + text());
            }
            return masked(value);
        } catch (NumberFormatException e) {
            throw new UsageException("--arg " + argument + ": found '" + text + "', wanted a number of type " + text());
        }
    }

    /// Raw bits of the nearest value (ties to even); integers are rounded towards zero and wrap.
    public long bits(double value) {
        return switch (this) {
            case F64 -> Double.doubleToRawLongBits(value);
            case F32 -> masked(Float.floatToRawIntBits((float) value));
            case F16 -> masked(Float.floatToFloat16((float) value));
            case BF16 -> {
                int f = Float.floatToRawIntBits((float) value);
                yield Float.isNaN((float) value) ? 0x7fc0 : f + 0x7fff + (f >>> 16 & 1) >>> 16;
            }
            default -> masked((long) value);
        };
    }

    /// The value of raw bits, as it is printed.
    public Number value(long bits) {
        return switch (this) {
            case F64 -> Double.longBitsToDouble(bits);
            case F32 -> Float.intBitsToFloat((int) bits);
            case F16 -> Float.float16ToFloat((short) bits);
            case BF16 -> Float.intBitsToFloat((int) bits << 16);
            case U64 -> new java.math.BigInteger(Long.toUnsignedString(bits));
            default -> signed() ? bits << 64 - 8 * bytes >> 64 - 8 * bytes : masked(bits);
        };
    }

    private long masked(long bits) { return bytes == 8 ? bits : bits & (1L << 8 * bytes) - 1; }
}
