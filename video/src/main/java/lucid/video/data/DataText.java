package lucid.video.data;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// The text of a data file.
public final class DataText {
    private DataText() {}

    /// @param wanted what the file should hold, for the complaint when there is none
    /// @throws DataException no such file, not UTF-8, or unreadable
    public static String of(Path file, String wanted) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException _) {
            throw new DataException(file, 1, "", "no such file, wanted " + wanted);
        } catch (MalformedInputException e) {
            throw new DataException(file, 1, "", "not UTF-8 text: " + e.getMessage());
        } catch (IOException e) {
            throw new DataException(file, 1, "", "cannot be read: " + e);
        }
    }
}
