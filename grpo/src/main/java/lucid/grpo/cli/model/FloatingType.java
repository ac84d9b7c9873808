package lucid.grpo.cli.model;

import lucid.nn.file.StoredType;

/// Types that weights are written in, as an option names them.
enum FloatingType {
    BF16(StoredType.BF16), F16(StoredType.F16), F32(StoredType.F32);

    private final StoredType stored;

    FloatingType(StoredType stored) { this.stored = stored; }

    StoredType stored() { return stored; }
}
