/// PTX as text and as data: lexer, parser and the records that a parsed module is made of.
/// It is not the emulator: nothing here runs, and nothing here knows lanes, memory or checks.
/// Start at [lucid.kernels.ptx.text.PtxModule], then [lucid.kernels.ptx.text.syntax.Instruction] and [lucid.kernels.ptx.text.syntax.Operand].
package lucid.kernels.ptx.text;
