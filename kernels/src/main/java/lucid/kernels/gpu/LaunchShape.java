package lucid.kernels.gpu;

/// The grid of a launch.
///
/// @param gridX, gridY, gridZ blocks
/// @param blockX threads of a block in x, blockY in y
/// @param sharedBytes of the `extern .shared` array
public record LaunchShape(int gridX, int gridY, int gridZ, int blockX, int blockY, int sharedBytes) {
    @Override public String toString() {
        return "grid " + gridX + "x" + gridY + "x" + gridZ + ", block " + blockX + "x" + blockY + ", " + sharedBytes + " B dynamic shared";
    }
}
