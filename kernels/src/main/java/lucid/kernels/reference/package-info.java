/// The textbook: every family of the contract as plain loops in double, the oracle of every test, readable before everything.
/// Not fast, not bit-equal to the fast devices, and never used for training in earnest.
/// Start with [lucid.kernels.reference.ReferenceMatMul]: `Values`, how numbers get in and out, and `Functions`, the elementary functions, come up on
/// the way.
package lucid.kernels.reference;
