package lucid.kernels.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The page about the emulator names every instruction that it knows.
class InstructionsTest {
    @Test
    void thePageNamesEveryInstruction() throws IOException {
        String page = Files.readString(Path.of("PTX.md"));
        String table = page.substring(page.indexOf("| family |"), page.indexOf("Not supported"));
        Set<String> named = new TreeSet<>(Pattern.compile("[ `.,(]").splitAsStream(table).map(String::strip).toList());
        Set<String> missing = new TreeSet<>(Instructions.decoders().keySet());
        missing.removeAll(named);
        assertEquals(Set.of(), missing);
    }
}
