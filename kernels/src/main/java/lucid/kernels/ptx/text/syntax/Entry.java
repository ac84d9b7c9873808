package lucid.kernels.ptx.text.syntax;

import java.util.List;

/// A kernel: what a launch starts.
///
/// @param name of the `.entry`
/// @param line where it begins
/// @param parameters in order, with their byte offsets
/// @param parameterBytes size of the parameter block
/// @param shared its own and the module's static shared variables in order of declaration, then at most one dynamic array
/// @param local its local variables
/// @param registers every register of every scope
/// @param predicates number of predicate slots
/// @param words number of word slots
/// @param wides number of wide slots
/// @param instructions in order; labels are already indices
/// @param bounds its performance directives
public record Entry(String name, int line, List<Variable> parameters, int parameterBytes, List<Variable> shared, List<Variable> local,
                    List<Register> registers, int predicates, int words, int wides, List<Instruction> instructions, Bounds bounds) {

    /// `.maxntid`, `.reqntid`, `.minnctapersm`, `.maxnreg`, `.reqnctapercluster`, `.explicitcluster`, `.maxclusterrank`; a missing one is null, 0 or
    /// false.
    public record Bounds(int[] maxThreads, int[] requiredThreads, int minBlocks, int maxRegisters, int[] requiredCluster, boolean explicitCluster,
            int maxClusterRank) {}
}
