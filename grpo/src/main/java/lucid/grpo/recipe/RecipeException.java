package lucid.grpo.recipe;

/// A recipe that cannot be used: the message names file, line, key, what was found and what was wanted.
public final class RecipeException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public RecipeException(String message) { super(message); }
}
