package lucid.kernels.simd.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import lucid.kernels.math.Coefficients;

/// [Coefficients] and a few numbers in every lane. A `broadcast` in the code would give the same vector, but costs HotSpot some hundred nodes of its
/// inlining budget of 18,000 each time; a constant costs a load for every vector of a loop, so it is the dearer way where the budget allows the
/// other.
public final class VectorCoefficients {
    static final FloatVector ROUND = all(Coefficients.ROUND);
    static final FloatVector LN2_HI = all(Coefficients.LN2_HI);
    static final FloatVector LN2_LO = all(Coefficients.LN2_LO);
    static final FloatVector L0 = all(Coefficients.L0);
    static final FloatVector L1 = all(Coefficients.L1);
    static final FloatVector L2 = all(Coefficients.L2);
    static final FloatVector L3 = all(Coefficients.L3);
    static final FloatVector L4 = all(Coefficients.L4);
    static final FloatVector L5 = all(Coefficients.L5);
    static final FloatVector L6 = all(Coefficients.L6);
    static final FloatVector L7 = all(Coefficients.L7);
    static final FloatVector L8 = all(Coefficients.L8);
    static final FloatVector T0 = all(Coefficients.T0);
    static final FloatVector T1 = all(Coefficients.T1);
    static final FloatVector T2 = all(Coefficients.T2);
    static final FloatVector T3 = all(Coefficients.T3);
    static final FloatVector T4 = all(Coefficients.T4);
    static final FloatVector T5 = all(Coefficients.T5);
    static final FloatVector T6 = all(Coefficients.T6);
    static final FloatVector T7 = all(Coefficients.T7);
    static final FloatVector R0 = all(Coefficients.R0);
    static final FloatVector R1 = all(Coefficients.R1);
    static final FloatVector R2 = all(Coefficients.R2);
    static final FloatVector R3 = all(Coefficients.R3);
    static final FloatVector R4 = all(Coefficients.R4);
    static final FloatVector R5 = all(Coefficients.R5);
    static final FloatVector R6 = all(Coefficients.R6);
    static final FloatVector R7 = all(Coefficients.R7);
    static final FloatVector ERF_ONE = all(Coefficients.ERF_ONE);
    static final FloatVector Q0 = all(Coefficients.Q0);
    static final FloatVector Q1 = all(Coefficients.Q1);
    static final FloatVector Q2 = all(Coefficients.Q2);
    static final FloatVector Q3 = all(Coefficients.Q3);
    static final FloatVector Q4 = all(Coefficients.Q4);
    static final FloatVector Q5 = all(Coefficients.Q5);
    static final FloatVector Q6 = all(Coefficients.Q6);
    static final FloatVector TWO_OVER_PI = all(Coefficients.TWO_OVER_PI);
    static final FloatVector PIO2_2 = all(Coefficients.PIO2_2);
    static final FloatVector TRIG_MAX = all(Coefficients.TRIG_MAX);
    static final FloatVector S0 = all(Coefficients.S0);
    static final FloatVector S1 = all(Coefficients.S1);
    static final FloatVector S2 = all(Coefficients.S2);
    static final FloatVector S3 = all(Coefficients.S3);
    static final FloatVector C0 = all(Coefficients.C0);
    static final FloatVector C1 = all(Coefficients.C1);
    static final FloatVector C2 = all(Coefficients.C2);
    static final FloatVector MINUS_PIO2_1 = all(-Coefficients.PIO2_1);
    static final FloatVector MINUS_PIO2_3 = all(-Coefficients.PIO2_3);
    static final FloatVector ZERO = all(0f);
    static final FloatVector HALF = all(0.5f);
    static final FloatVector MINUS_HALF = all(-0.5f);
    static final FloatVector ONE = all(1f);
    static final FloatVector MINUS_ONE = all(-1f);
    static final FloatVector TWO = all(2f);
    static final FloatVector TWENTY_THREE = all(23f);
    static final FloatVector TWO_23 = all(0x1p23f);
    static final FloatVector MIN_NORMAL = all(Float.MIN_NORMAL);
    static final FloatVector NAN = all(Float.NaN);
    static final FloatVector INFINITY = all(Float.POSITIVE_INFINITY);
    static final FloatVector MINUS_INFINITY = all(Float.NEGATIVE_INFINITY);
    static final IntVector SQRT_HALF_BITS = IntVector.broadcast(Species.I, Coefficients.SQRT_HALF_BITS);
    static final IntVector SIGN = IntVector.broadcast(Species.I, 0x80000000);
    static final IntVector QUADRANT = IntVector.broadcast(Species.I, 2);
    static final IntVector ZERO_BITS = IntVector.broadcast(Species.I, 0);
    static final IntVector ONE_BITS = IntVector.broadcast(Species.I, 1);

    private VectorCoefficients() {}

    private static FloatVector all(float c) { return FloatVector.broadcast(Species.F, c); }
}
