/// What a parsed PTX module is made of: instructions and their operands, registers, variables, types, state spaces, and the error that names file and
/// line. Records alone: nothing is read or run here.
/// Start at [Instruction], then [Operand].
package lucid.kernels.ptx.text.syntax;
