package lucid.kernels.ptx.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;
import lucid.kernels.ptx.text.syntax.Variable;

/// Reads variable declarations: `.shared .align 16 .b8 buffer[1024], more;` from behind the state space.
final class Declarations {
    private static final long LARGEST = 1L << 31;

    private final Tokens tokens;

    Declarations(Tokens tokens) {
        this.tokens = tokens;
    }

    /// Reads up to and including the semicolon.
    ///
    /// @param external whether `.extern` stood before: only dynamic shared memory may be
    /// @param offset bytes used so far in the space
    /// @param declare gets every variable with the token of its name
    /// @return bytes used now
    long read(Space space, boolean external, long offset, BiConsumer<Token, Variable> declare) {
        Token begin = tokens.peek();
        Shape shape = shape(space);
        long used = offset;
        do {
            Token name = tokens.name("a variable");
            Variable variable = one(space, external, shape, name, used);
            if (space == Space.SHARED || space == Space.LOCAL) {
                used = variable.offset() + variable.bytes();
            }
            declare.accept(name, variable);
        } while (tokens.take(","));
        tokens.expect(";");
        if (used > LARGEST) {
            throw tokens.error(begin, "variables of ." + space.text() + " need " + used + " bytes, at most " + LARGEST + " are possible");
        }
        return used;
    }

    /// Reads one parameter of an entry, without the comma.
    Variable parameter(long offset) {
        Token dot = tokens.next();
        if (!dot.dot("param")) {
            throw tokens.error(dot, "found " + dot + ", wanted '.param'");
        }
        Shape shape = shape(Space.PARAM);
        Token name = tokens.name("a parameter");
        return one(Space.PARAM, false, shape, name, offset);
    }

    private record Shape(PtxType type, int alignment) {}

    private Shape shape(Space space) {
        PtxType type = null;
        int alignment = 0;
        while (tokens.peek().kind() == Token.Kind.DOT) {
            Token word = tokens.next();
            if (word.dot("align")) {
                Token at = tokens.peek();
                alignment = (int) tokens.integer(".align", 1, 1 << 20);
                if (Integer.bitCount(alignment) != 1) {
                    throw tokens.error(at, ".align: found " + alignment + ", wanted a power of two");
                }
            } else if (word.dot("ptr") && space == Space.PARAM) {
                pointerAttribute();
            } else {
                type = PtxType.of(word.text()).filter(t -> t.bits() >= 8).orElseThrow(() -> tokens.error(word,
                        "found " + word + " in a declaration of ." + space.text() + ", wanted .align or a type of whole bytes"));
            }
        }
        if (type == null) {
            throw tokens.error(tokens.peek(), "found " + tokens.peek() + ", wanted a type");
        }
        return new Shape(type, Math.max(alignment, type.bytes()));
    }

    /// `.ptr.space.align N` only informs a compiler; it is read and not kept.
    private void pointerAttribute() {
        if (tokens.peek().kind() == Token.Kind.DOT && Space.of(tokens.peek().text()).isPresent()) {
            tokens.next();
        }
        if (tokens.peek().dot("align")) {
            tokens.next();
            tokens.integer(".align", 1, 1 << 20);
        }
    }

    private Variable one(Space space, boolean external, Shape shape, Token name, long offset) {
        List<Long> sizes = new ArrayList<>();
        while (tokens.take("[")) {
            sizes.add(tokens.peek().is("]") ? -1L : tokens.integer("the size of '" + name.text() + "'", 1, LARGEST));
            tokens.expect("]");
        }
        boolean open = !sizes.isEmpty() && sizes.getFirst() < 0;
        long elements = 1;
        for (long size : open ? sizes.subList(1, sizes.size()) : sizes) {
            if (size < 0) {
                throw tokens.error(name, "'" + name.text() + "': only the first size of an array may be left out");
            }
            elements = Math.multiplyHigh(elements, size) != 0 || elements * size > LARGEST ? LARGEST + 1 : elements * size;
        }
        byte[] initial = tokens.take("=") ? initializer(space, shape.type(), name, open ? -1 : elements) : null;
        long bytes = elements * shape.type().bytes();
        if (open) {
            bytes = initial != null ? initial.length : dynamic(space, external, name);
        } else if (external) {
            throw tokens.error(name, "'" + name.text() + "': .extern is supported for dynamic shared memory only (.extern .shared ... name[];)");
        }
        if (bytes > LARGEST) {
            throw tokens.error(name, "'" + name.text() + "' is larger than " + LARGEST + " bytes");
        }
        long start = space == Space.GLOBAL || space == Space.CONST ? 0 : (offset + shape.alignment() - 1) / shape.alignment() * shape.alignment();
        return new Variable(name.text(), space, shape.type(), shape.alignment(), bytes, start, initial, name.line());
    }

    private long dynamic(Space space, boolean external, Token name) {
        if (!external || space != Space.SHARED) {
            throw tokens.error(name, "'" + name.text() + "[]' has no size; only .extern .shared arrays may leave it to the launch");
        }
        return 0;
    }

    private byte[] initializer(Space space, PtxType type, Token name, long elements) {
        if (space != Space.GLOBAL && space != Space.CONST) {
            throw tokens.error(name, "'" + name.text() + "': only .global and .const variables can have initial values");
        }
        List<Operand.Immediate> values = new ArrayList<>();
        values(values, 0);
        if (elements >= 0 && values.size() > elements) {
            throw tokens.error(name, "'" + name.text() + "' has " + values.size() + " initial values for " + elements + " elements");
        }
        long count = elements < 0 ? values.size() : elements;
        if (count * type.bytes() > 1 << 26) {
            throw tokens.error(name, "'" + name.text() + "': initialised variables are limited to 64 MiB");
        }
        var bytes = ByteBuffer.allocate((int) count * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (Operand.Immediate value : values) {
            put(bytes, value, type, name);
        }
        return bytes.array();
    }

    private void values(List<Operand.Immediate> into, int depth) {
        if (depth > 8) {
            throw tokens.error(tokens.peek(), "an initial value nested deeper than 8");
        }
        if (!tokens.take("{")) {
            into.add(new Operands(tokens, null).literal());
            return;
        }
        do {
            values(into, depth + 1);
        } while (tokens.take(","));
        tokens.expect("}");
    }

    private void put(ByteBuffer bytes, Operand.Immediate value, PtxType type, Token name) {
        if (value.kind() == Operand.Immediate.Kind.INTEGER && !type.floating()) {
            switch (type.bytes()) {
                case 1 -> bytes.put((byte) value.bits());
                case 2 -> bytes.putShort((short) value.bits());
                case 4 -> bytes.putInt((int) value.bits());
                case 8 -> bytes.putLong(value.bits());
                default -> throw tokens.error(name, "'" + name.text() + "': initial values of ." + type.text() + " are not supported");
            }
        } else if (type == PtxType.F32 && value.kind() != Operand.Immediate.Kind.INTEGER) {
            bytes.putInt(value.kind() == Operand.Immediate.Kind.F32 ? (int) value.bits()
                    : Float.floatToRawIntBits((float) Double.longBitsToDouble(value.bits())));
        } else if (type == PtxType.F64 && value.kind() == Operand.Immediate.Kind.F64) {
            bytes.putLong(value.bits());
        } else {
            throw tokens.error(name, "'" + name.text() + "': a literal of kind " + value.kind() + " cannot initialise ." + type.text());
        }
    }
}
