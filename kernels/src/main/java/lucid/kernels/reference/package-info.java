/// The textbook: every family of the contract as plain loops in double. The oracle of every test, readable before everything.
/// Not fast, not bit-equal to the fast devices, and never used for training in earnest.
/// Start with [ReferenceMatMul]; `Values` is how numbers get in and out, `Functions` holds the elementary functions.
package lucid.kernels.reference;
