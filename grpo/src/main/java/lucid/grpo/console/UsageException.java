package lucid.grpo.console;

import java.util.function.Supplier;

/// Options that were read and make no sense: exit status 2, as for those that cannot be read.
public final class UsageException extends IllegalArgumentException {
    public UsageException(String message) { super(message); }

    private UsageException(IllegalArgumentException cause) { super(cause.getMessage(), cause); }

    /// Refuses a number that is too small.
    public static void atLeast(String option, long found, long least) { require(option, found, found >= least, least + " or more"); }

    /// Refuses a value that is not good.
    public static void require(String option, Object found, boolean good, String wanted) {
        if (!good) throw new UsageException(option + ": found " + found + ", wanted " + wanted);
    }

    /// What `made` makes of a user's options; its refusal is a wrong use.
    public static <T> T checked(Supplier<T> made) {
        try {
            return made.get();
        } catch (IllegalArgumentException e) {
            throw new UsageException(e);
        }
    }
}
