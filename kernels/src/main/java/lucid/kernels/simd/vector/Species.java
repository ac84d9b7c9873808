package lucid.kernels.simd.vector;

import java.util.Locale;
import java.util.Set;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The vector widths of this process. They are static finals because a species that is not a constant makes HotSpot box every vector.
/// `-Dlucid.vectorBits=128|256|512` forces a width, so that tests can show that no result depends on it.
public final class Species {
    /// Whether this is x86, all of whose vector instructions HotSpot knows; what it does not know on ARM makes every vector an object.
    /// `-Dlucid.isa=arm` does without them here too, so that tests can show that the other ways have the same bits and make no objects.
    public static final boolean X86 = !"arm".equals(System.getProperty("lucid.isa")) && Set.of("amd64", "x86_64")
            .contains(System.getProperty("os.arch").toLowerCase(Locale.ROOT));
    /// Bits of a vector register as used by every kernel.
    public static final int BITS = bits();
    /// Floats.
    public static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED.length() * 32 == BITS
            ? FloatVector.SPECIES_PREFERRED : VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
    /// As many ints as [#F] has floats.
    public static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED.length() * 32 == BITS
            ? IntVector.SPECIES_PREFERRED : VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
    /// As many 16-bit lanes as [#F] has floats.
    public static final VectorSpecies<Short> HALF = VectorSpecies.of(short.class, VectorShape.forBitSize(Math.max(64, BITS / 2)));
    /// Floats in a vector: 4, 8 or 16.
    public static final int LANES = BITS / 32;

    private Species() {}

    private static int bits() {
        String forced = System.getProperty("lucid.vectorBits");
        // Longer ones exist on ARM (SVE), but the loops over weights as they lie take lanes of two vectors, which makes objects there; and a Neoverse
        // V1 does two FMAs of 256 bits at a time or four of 128.
        if (forced == null) return X86 ? Math.min(512, FloatVector.SPECIES_PREFERRED.vectorBitSize()) : 128;
        return switch (forced) {
            case "128", "256", "512" -> Integer.parseInt(forced);
            default -> throw new IllegalArgumentException("-Dlucid.vectorBits=" + forced + ": wanted 128, 256 or 512");
        };
    }
}
