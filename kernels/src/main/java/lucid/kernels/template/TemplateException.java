package lucid.kernels.template;

/// A template that cannot be expanded: file, line, what was found and what was wanted.
public final class TemplateException extends RuntimeException {
    public TemplateException(String file, int line, String message) { super(file + ":" + line + ": " + message); }
}
