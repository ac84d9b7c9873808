package lucid.kernels.ptx.async.work;

import lucid.kernels.ptx.check.Kind;

/// What is wrong with one request to an asynchronous unit; the caller adds where it happened.
public record Fault(Kind kind, String message) {}
