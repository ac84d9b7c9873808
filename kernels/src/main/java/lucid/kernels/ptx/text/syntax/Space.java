package lucid.kernels.ptx.text.syntax;

import java.util.Optional;

/// A state space (PTX ISA, "State Spaces"). `GENERIC` is an access that names none: the address itself tells.
public enum Space {
    GENERIC(""), GLOBAL("global"), SHARED("shared"), SHARED_CTA("shared::cta"), SHARED_CLUSTER("shared::cluster"),
    LOCAL("local"), CONST("const"), PARAM("param");

    private final String text;

    Space(String text) {
        this.text = text;
    }

    /// The spelling in PTX, without the dot; empty for [#GENERIC].
    public String text() {
        return text;
    }

    /// True for every spelling of shared memory.
    public boolean isShared() {
        return this == SHARED || this == SHARED_CTA || this == SHARED_CLUSTER;
    }

    /// The space that a modifier spells; empty when it spells none.
    public static Optional<Space> of(String modifier) {
        for (Space space : values()) {
            if (space != GENERIC && (space.text.equals(modifier) || space.text.equals(base(modifier)))) {
                return Optional.of(space);
            }
        }
        return Optional.empty();
    }

    private static String base(String modifier) {
        return modifier.equals("param::entry") || modifier.equals("param::func") ? "param" : modifier;
    }
}
