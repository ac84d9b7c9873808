package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import lucid.nn.disk.IoReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IoReasonTest {
    /// The module video stands alone and has a helper of its own: this is the place that sees both.
    @Test void bothModulesSayTheSame(@TempDir Path temp) throws IOException {
        String file = Files.createFile(temp.resolve("file")).toString();
        Map<IOException, String> all = new LinkedHashMap<>();
        all.put(new AccessDeniedException(file), "no permission");
        all.put(new NoSuchFileException(file), "no such file or folder");
        all.put(new NoSuchFileException(file, null, "no such tokenizer"), "no such tokenizer");
        all.put(new NoSuchFileException(file + "/inside"), file + " is a file, wanted a folder");
        all.put(new FileSystemException(file + "/inside/deeper", null, "Ist kein Verzeichnis"), file + " is a file, wanted a folder");
        all.put(new FileAlreadyExistsException(file), "is there already and cannot be replaced");
        all.put(new NotDirectoryException(file), "found a file, wanted a folder");
        all.put(new DirectoryNotEmptyException(file), "the folder is not empty");
        all.put(new FileSystemException(file, null, "Too many open files"), "Too many open files");
        all.forEach((e, said) -> {
            assertEquals(said, IoReason.of(e));
            assertEquals(said, lucid.video.IoReason.of(e));
            String named = ((FileSystemException) e).getFile() + ": " + said;
            assertEquals(named, IoReason.named(e));
            assertEquals(named, lucid.video.IoReason.named(e));
        });
        for (IOException e : new IOException[] {new IOException("No space left on device"), new EOFException(), new MalformedInputException(1)}) {
            assertEquals(IoReason.of(e), lucid.video.IoReason.of(e));
            assertEquals(IoReason.of(e), IoReason.named(e));
        }
        assertEquals("No space left on device", IoReason.of(new IOException("No space left on device")));
    }
}
