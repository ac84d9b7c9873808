package lucid.video.data;

import java.nio.file.Path;

/// A place in a data file that cannot be used: `file:line: field: found ..., wanted ...`.
public final class DataException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final String field;

    /// @param line  from 1; 0 when it is about the whole file
    /// @param field name inside the record, empty when it is about the whole line
    public DataException(Path path, int line, String field, String what) {
        super(path + (line == 0 ? "" : ":" + line) + ": " + (field.isEmpty() ? "" : "field " + field + ": ") + what);
        this.line = line;
        this.field = field;
    }

    public int line() { return line; }

    public String field() { return field; }
}
