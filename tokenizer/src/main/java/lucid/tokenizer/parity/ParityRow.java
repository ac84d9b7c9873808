package lucid.tokenizer.parity;

/// The outcome of one row of a case.
///
/// @param name    file, row number, and what the row is about
/// @param ok      whether everything recorded was met exactly
/// @param message empty when ok; else what was found, what was wanted, and where they part
public record ParityRow(String name, boolean ok, String message) {}
