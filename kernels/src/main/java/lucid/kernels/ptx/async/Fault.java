package lucid.kernels.ptx.async;

import lucid.kernels.ptx.check.Kind;

/// What is wrong with one request to an asynchronous unit; the caller adds where it happened.
record Fault(Kind kind, String message) {}
