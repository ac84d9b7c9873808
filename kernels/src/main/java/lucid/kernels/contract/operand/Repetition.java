package lucid.kernels.contract.operand;

/// A step that is done again and again and hardly changes, such as one token for every completion. Nothing that it computes depends on being done
/// through here; a GPU is told what it did the last time as a whole where it is told the same again.
public interface Repetition extends AutoCloseable {
    /// A device that gains nothing from knowing.
    Repetition PLAIN = new Repetition() {
        @Override public void run(Runnable step) { step.run(); }

        @Override public void close() {}
    };

    /// Runs the step, with the results of running it by itself. One step of a device at a time; a step contains none.
    void run(Runnable step);

    @Override void close();
}
