/// A PTX emulator: runs `.ptx` files instruction by instruction under stricter checks than a GPU makes.
/// It is not a timing model and needs no GPU, no driver and no tensor of Lucid.
/// Start at [lucid.kernels.ptx.Launch]; [lucid.kernels.ptx.Instructions] lists what it knows.
package lucid.kernels.ptx;
