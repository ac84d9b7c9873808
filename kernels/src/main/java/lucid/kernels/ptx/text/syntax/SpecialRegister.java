package lucid.kernels.ptx.text.syntax;

import java.util.Optional;

/// A predefined read-only register (PTX ISA, "Special Registers").
///
/// @param name with the percent sign and, for vectors, the component: `%tid.x`
public record SpecialRegister(String name, PtxType type) {

    private static final java.util.Map<String, PtxType> KNOWN = known();

    /// The special register of that name; empty when there is none that Lucid knows.
    public static Optional<SpecialRegister> of(String name) {
        return Optional.ofNullable(KNOWN.get(name)).map(type -> new SpecialRegister(name, type));
    }

    private static java.util.Map<String, PtxType> known() {
        var table = new java.util.HashMap<String, PtxType>();
        for (String vector : java.util.List.of("%tid", "%ntid", "%ctaid", "%nctaid", "%clusterid", "%nclusterid", "%cluster_ctaid",
                "%cluster_nctaid")) {
            for (String component : java.util.List.of(".x", ".y", ".z")) {
                table.put(vector + component, PtxType.U32);
            }
        }
        for (String word : java.util.List.of("%laneid", "%warpid", "%nwarpid", "%smid", "%nsmid", "%gridid", "%lanemask_eq", "%lanemask_lt",
                "%lanemask_le",
                "%lanemask_gt", "%lanemask_ge", "%clock", "%clock_hi", "%dynamic_smem_size", "%total_smem_size", "%aggr_smem_size",
                        "%cluster_ctarank", "%cluster_nctarank", "WARP_SZ")) {
            table.put(word, PtxType.U32);
        }
        table.put("%clock64", PtxType.U64);
        table.put("%globaltimer", PtxType.U64);
        table.put("%is_explicit_cluster", PtxType.PRED);
        return java.util.Map.copyOf(table);
    }
}
