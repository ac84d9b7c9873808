package lucid.kernels.math;

/// The constants of Lucid's elementary functions, shared by the scalar and the vector form so that both compute the same bits.
/// The polynomials are minimax fits (Lawson-reweighted least squares at Chebyshev nodes, 160-bit arithmetic) whose coefficients were rounded to f32;
/// intervals and errors are in `BIT-CONTRACT.md`.
public final class Coefficients {
    /// `1.5 · 2^23`: adding it to a small number leaves the nearest integer in the low bits of the sum.
    public static final float ROUND = 0x1.8p23f;
    public static final int ROUND_BITS = 0x4B400000;
    public static final float LOG2E = 0x1.715476p0f;
    /// ln 2 in two parts; the first has 15 significant bits, so its product with an exponent is exact.
    public static final float LN2_HI = 0x1.62e4p-1f;
    public static final float LN2_LO = 0x1.7f7d1cp-20f;

    /// Beyond these, exp is infinity, or below half of the smallest denormal.
    public static final float EXP_MAX = 89f;
    public static final float EXP_MIN = -104f;
    /// `exp(r) = 1 + r + r² (E0 + E1 r + …)` on |r| <= ln(2)/2.
    public static final float E0 = 0x1.fffffcp-2f;
    public static final float E1 = 0x1.55549p-3f;
    public static final float E2 = 0x1.5558f6p-5f;
    public static final float E3 = 0x1.123a72p-7f;
    public static final float E4 = 0x1.6a230cp-10f;

    /// Bits of √½: mantissas are taken from [√½, √2).
    public static final int SQRT_HALF_BITS = 0x3f3504f3;
    /// `log(1+f) = f - f²/2 + f³ (L0 + L1 f + …)`.
    public static final float L0 = 0x1.555548p-2f;
    public static final float L1 = -0x1.000006p-2f;
    public static final float L2 = 0x1.99a4dcp-3f;
    public static final float L3 = -0x1.555ca2p-3f;
    public static final float L4 = 0x1.23347ap-3f;
    public static final float L5 = -0x1.fc122cp-4f;
    public static final float L6 = 0x1.e70df6p-4f;
    public static final float L7 = -0x1.deacfp-4f;
    public static final float L8 = 0x1.149fp-4f;

    /// `tanh(x) = x + x³ (T0 + T1 x² + …)` on |x| < 1.
    public static final float T0 = -0x1.555552p-2f;
    public static final float T1 = 0x1.11105ep-3f;
    public static final float T2 = -0x1.b9fbd6p-5f;
    public static final float T3 = 0x1.64eba8p-6f;
    public static final float T4 = -0x1.19a484p-7f;
    public static final float T5 = 0x1.9381f8p-9f;
    public static final float T6 = -0x1.b8f96p-11f;
    public static final float T7 = 0x1.fd6ff6p-14f;

    /// `erf(x) = x + x (R0 + R1 x² + …)` on |x| < 1.
    public static final float R0 = 0x1.06eba8p-3f;
    public static final float R1 = -0x1.812746p-2f;
    public static final float R2 = 0x1.ce2f08p-4f;
    public static final float R3 = -0x1.b829a8p-6f;
    public static final float R4 = 0x1.5628eep-8f;
    public static final float R5 = -0x1.bcbe9p-11f;
    public static final float R6 = 0x1.d82656p-14f;
    public static final float R7 = -0x1.43837cp-17f;
    /// `erf(x) = 1 - exp(-(Q0 + Q1 x + …))` on 1 <= x <= 4; from 4 on erf is 1.
    public static final float ERF_ONE = 4f;
    public static final float Q0 = 0x1.65eddcp-12f;
    public static final float Q1 = 0x1.2088f8p0f;
    public static final float Q2 = 0x1.46bac2p-1f;
    public static final float Q3 = 0x1.a65472p-4f;
    public static final float Q4 = -0x1.65cdccp-6f;
    public static final float Q5 = 0x1.825fc6p-9f;
    public static final float Q6 = -0x1.86e598p-13f;

    public static final float TWO_OVER_PI = 0x1.45f306p-1f;
    /// π/2 in three parts. `fma(-n, PIO2_1, x)` is exact while |x| <= [#TRIG_MAX].
    public static final float PIO2_1 = 0x1.921fb6p0f;
    public static final float PIO2_2 = -0x1.777a5cp-25f;
    public static final float PIO2_3 = -0x1.ee59dap-50f;
    /// Larger angles go to `StrictMath` (fdlibm, the same bits everywhere, slow).
    public static final float TRIG_MAX = 0x1p17f;
    /// `sin(r) = r + r³ (S0 + S1 r² + …)` on |r| <= π/4.
    public static final float S0 = -0x1.555556p-3f;
    public static final float S1 = 0x1.111108p-7f;
    public static final float S2 = -0x1.a00f74p-13f;
    public static final float S3 = 0x1.6ccf5p-19f;
    /// `cos(r) = 1 - r²/2 + r⁴ (C0 + C1 r² + …)` on |r| <= π/4.
    public static final float C0 = 0x1.55554ap-5f;
    public static final float C1 = -0x1.6c0c28p-10f;
    public static final float C2 = 0x1.99e846p-16f;

    private Coefficients() {}
}
