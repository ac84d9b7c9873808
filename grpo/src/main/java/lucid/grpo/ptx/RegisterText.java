package lucid.grpo.ptx;

import java.util.Locale;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Register;

/// A register's raw bits as its declared type reads them.
final class RegisterText {
    private RegisterText() {}

    static String of(Register register, long bits) {
        PtxType type = register.type();
        return switch (type.kind()) {
            case PREDICATE -> bits == 0 ? "false" : "true";
            case FLOAT -> floating(type, bits);
            case SIGNED -> Long.toString(bits << 64 - type.bits() >> 64 - type.bits());
            case UNSIGNED -> Long.toUnsignedString(bits);
            case BITS -> "0x" + Long.toHexString(bits);
        };
    }

    private static String floating(PtxType type, long bits) {
        return switch (type) {
            case F32 -> Float.toString(Float.intBitsToFloat((int) bits));
            case F64 -> Double.toString(Double.longBitsToDouble(bits));
            case F16 -> Float.toString(Float.float16ToFloat((short) bits));
            case F16X2 -> String.format(Locale.ROOT, "{%s, %s}", Float.float16ToFloat((short) bits), Float.float16ToFloat((short) (bits >>> 16)));
            default -> "0x" + Long.toHexString(bits);
        };
    }
}
