package lucid.nn.file;

import java.util.Arrays;
import java.util.stream.Collectors;

/// Element types of safetensors that Lucid reads, with the names the format uses.
public enum StoredType {
    F64(8), F32(4), F16(2), BF16(2), I64(8), U64(8), I32(4), U32(4), I16(2), U16(2), I8(1), U8(1), BOOL(1);

    private final int bytes;

    StoredType(int bytes) { this.bytes = bytes; }

    /// Bytes of one element.
    public int bytes() { return bytes; }

    /// The type of that name, or null.
    static StoredType byName(String name) {
        for (StoredType t : values()) if (t.name().equals(name)) return t;
        return null;
    }

    static String names() { return Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", ")); }
}
