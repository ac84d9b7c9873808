/// What every CPU kernel is written in: the vector widths of this process, loads and stores, reductions in 16 virtual lanes, elementary functions,
/// widening and transposition; and what all of it wants of Java ([Jvm]).
/// It knows no family of the contract and no thread: a method here sees a vector, or one run of numbers.
/// Start with [Species] and [Lanes]; [VectorMath] holds the functions.
package lucid.kernels.simd.vector;
