package lucid.nn.file.pickle;

import java.util.Map;

/// Names of the opcodes that are refused, for messages.
final class Opcodes {
    private static final Map<Integer, String> REFUSED = Map.ofEntries(Map.entry((int) 'i', "INST"), Map.entry((int) 'o', "OBJ"),
            Map.entry(0x81, "NEWOBJ"),
            Map.entry(0x92, "NEWOBJ_EX"), Map.entry(0x82, "EXT1"), Map.entry(0x83, "EXT2"), Map.entry(0x84, "EXT4"), Map.entry((int) 'P', "PERSID"),
            Map.entry((int) 'I', "INT"), Map.entry((int) 'L', "LONG"), Map.entry((int) 'F', "FLOAT"),
            Map.entry((int) 'T', "BINSTRING"), Map.entry((int) 'p', "PUT"), Map.entry((int) 'g', "GET"), Map.entry((int) 'l', "LIST"),
                    Map.entry((int) 'd', "DICT"),
            Map.entry((int) '0', "POP"), Map.entry((int) '1', "POP_MARK"), Map.entry((int) '2', "DUP"), Map.entry((int) 'B', "BINBYTES"),
                    Map.entry((int) 'C', "SHORT_BINBYTES"),
            Map.entry(0x8B, "LONG4"), Map.entry(0x8E, "BINBYTES8"), Map.entry(0x8F, "EMPTY_SET"), Map.entry(0x90, "ADDITEMS"),
                    Map.entry(0x91, "FROZENSET"),
            Map.entry(0x96, "BYTEARRAY8"), Map.entry(0x97, "NEXT_BUFFER"), Map.entry(0x98, "READONLY_BUFFER"),
                    Map.entry(0x80, "PROTO in the middle"));

    private Opcodes() {}

    /// `INST` carries the name of what it would call: that name is the news.
    static PickleException refused(PickleInput in, long at, int op) {
        String name = REFUSED.get(op);
        if (name == null) return in.error(at, String.format("found the byte 0x%02x, which is no opcode of pickle: damaged", op));
        if (op == 'i') Globals.resolve(in, at, in.line(), in.line());
        return in.error(at, "refused the opcode " + name + ": tensor files do not need it. Nothing was executed");
    }
}
