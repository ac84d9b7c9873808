package lucid.kernels.ptx;

import java.util.Map;

/// A card's published peaks, for estimates.
///
/// @param name as sold
/// @param multiprocessors how many
/// @param clock boost clock in GHz
/// @param bandwidth of its memory in GB/s
/// @param peaks GFLOP/s by unit, dense, accumulation in f32; a unit that the card lacks is missing
public record Card(String name, int multiprocessors, double clock, double bandwidth, Map<Profile.Unit, Double> peaks) {
    /// NVIDIA H200 SXM (data sheet).
    public static final Card H200 = new Card("H200 SXM", 132, 1.98, 4800, hopper());
    /// NVIDIA H100 SXM5 80 GB (data sheet).
    public static final Card H100 = new Card("H100 SXM", 132, 1.98, 3350, hopper());
    /// NVIDIA A100 SXM4 80 GB (data sheet).
    public static final Card A100 = new Card("A100 SXM", 108, 1.41, 2039,
            Map.of(Profile.Unit.F64, 9_700d, Profile.Unit.F32, 19_500d, Profile.Unit.F16, 78_000d,
            Profile.Unit.TENSOR_64, 19_500d, Profile.Unit.TENSOR_TF32, 156_000d, Profile.Unit.TENSOR_16, 312_000d));
    /// NVIDIA GeForce RTX 4090 (Ada architecture white paper).
    public static final Card RTX4090 = new Card("RTX 4090", 128, 2.52, 1008,
            Map.of(Profile.Unit.F64, 1_290d, Profile.Unit.F32, 82_600d, Profile.Unit.F16, 82_600d,
            Profile.Unit.TENSOR_TF32, 82_600d, Profile.Unit.TENSOR_16, 165_200d, Profile.Unit.TENSOR_8, 330_300d));

    private static Map<Profile.Unit, Double> hopper() {
        return Map.of(Profile.Unit.F64, 33_500d, Profile.Unit.F32, 66_900d, Profile.Unit.F16, 133_800d, Profile.Unit.TENSOR_64, 66_900d,
                Profile.Unit.TENSOR_TF32, 494_700d, Profile.Unit.TENSOR_16, 989_400d, Profile.Unit.TENSOR_8, 1_978_900d);
    }
}
