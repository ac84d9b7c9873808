package lucid.grpo.cli;

import java.util.concurrent.Callable;

/// A command that another module brings (found by `ServiceLoader`): `bench` lives above this module, so it cannot be named here.
public interface Subcommand extends Callable<Integer> {}
