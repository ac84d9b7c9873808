package lucid.nn.file;

import java.nio.file.Path;

/// A weight file that is damaged, incomplete or not what the model wants. The message names file, tensor, what was found and what was wanted.
public final class WeightFileException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public WeightFileException(String message) { super(message); }

    public WeightFileException(String message, Throwable cause) { super(message, cause); }

    public static WeightFileException of(Path file, String what) { return new WeightFileException(file + ": " + what); }

    public static WeightFileException of(Path file, String tensor, String found, String wanted) {
        return new WeightFileException(file + ": tensor \"" + tensor + "\": found " + found + ", wanted " + wanted);
    }
}
