package lucid.nn.file;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The classic ways to run code from a pickle, and to fill memory or the stack with one: each is refused, by name where it has one.
class HostilePickleTest {
    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            cos\\nsystem\\n(S'touch owned'\\ntR.                                            | os.system
            \\x80\\x02cposix\\nsystem\\nX\\x04\\x00\\x00\\x00exit\\x85R.                     | posix.system
            \\x80\\x02c__builtin__\\neval\\nX\\x01\\x00\\x00\\x001\\x85R.                    | __builtin__.eval
            \\x80\\x04\\x8c\\x08builtins\\x94\\x8c\\x04exec\\x94\\x93\\x8c\\x011\\x85R.      | builtins.exec
            \\x80\\x04\\x8c\\x0asubprocess\\x8c\\x05Popen\\x93)\\x81.                        | subprocess.Popen
            (S'id'\\nios\\nsystem\\n.                                                        | os.system
            \\x80\\x02ctorch\\nload\\nX\\x01\\x00\\x00\\x00x\\x85R.                          | torch.load
            \\x80\\x02ctorch.storage\\n_load_from_bytes\\n)R.                                | torch.storage._load_from_bytes
            \\x80\\x02ctorch._utils\\n_rebuild_tensor_v2.__globals__\\n)R.                   | _rebuild_tensor_v2.__globals__
            \\x80\\x02ccollections\\nOrderedDict.__reduce__\\n)R.                            | collections.OrderedDict.__reduce__
            \\x80\\x02cnumpy.core.multiarray\\n_reconstruct\\n)R.                            | numpy.core.multiarray._reconstruct
            \\x80\\x02crunpy\\n_run_code\\n)R.                                               | runpy._run_code
            \\x80\\x02ca\\x1b[31m\\nb\\n.                                                    | a\\u001b[31m.b
            """)
    void globalsAreRefusedByName(String escaped, String name) throws IOException {
        byte[] pickle = bytes(escaped);
        Path zip = zip(pickle, ZipEntry.STORED);
        TorchFileTest.refused(zip, "refused the global \"" + (name.startsWith("_rebuild") ? "torch._utils." : "") + name.replace("\\\\", "\\") + "\"",
                "x/data.pkl, byte ", "Nothing was executed", zip.toString());
        Files.write(folder.resolve("raw.bin"), pickle);
        TorchFileTest.refused(folder.resolve("raw.bin"), "refused the global");
    }

    /// Of other types than are read, as torch.save names them: no code, and not called so.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            \\x80\\x02ctorch\\nComplexFloatStorage\\n)R.                                  | torch.ComplexFloatStorage
            \\x80\\x02ctorch._utils\\n_rebuild_tensor_v3\\n)R.                            | torch._utils._rebuild_tensor_v3
            \\x80\\x02ctorch._utils\\n_rebuild_sparse_tensor\\n)R.                        | torch._utils._rebuild_sparse_tensor
            \\x80\\x02ctorch.storage\\nUntypedStorage\\n)R.                               | torch.storage.UntypedStorage
            """)
    void otherTensorsAreRefusedAsSuch(String escaped, String name) throws IOException {
        TorchFileTest.refused(zip(bytes(escaped), ZipEntry.STORED), "refused the global \"" + name
                + "\": found a kind of tensor that is not read, wanted dense ones of bfloat16, bool, ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            \\x80\\x02}\\x81.                                              | NEWOBJ
            \\x80\\x02\\x82\\x01.                                          | EXT1
            \\x80\\x02(o.                                                  | OBJ
            \\x80\\x02}}b.                                                 | BUILD
            \\x80\\x02K\\x01K\\x02\\x86K\\x01\\x86.                        | wanted a dict of tensors
            \\x80\\x02]h\\x05.                                             | memo 5
            \\x80\\x02]q\\x00h\\x00a.                                      | holds itself
            \\x80\\x02}K\\x01K\\x02sK\\x01K\\x02s.                         | twice
            \\x80\\x02}ccollections\\nOrderedDict\\nK\\x01s.               | as a key
            \\x80\\x02ctorch\\nFloatStorage\\n)R.                          | torch.FloatStorage
            \\x80\\x02K\\x01Q.                                             | persistent id
            \\x80\\x02X\\xff\\xff\\xff\\xff.                               | string of
            \\x80\\x02\\x8d\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff.        | string of
            \\x80\\x02\\x8a\\xff.                                          | the end after
            \\x80\\x04\\x95\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f.        | frame
            \\x80\\x09.                                                    | protocol 9
            \\x80\\x02\\xff.                                               | 0xff
            \\x80\\x02.                                                    | 0 values
            \\x80\\x02t.                                                   | no mark
            \\x80\\x02K\\x01(\\x85.                                        | 0 values on the stack
            """)
    void nonsenseIsRefused(String escaped, String part) throws IOException { TorchFileTest.refused(zip(bytes(escaped), ZipEntry.STORED), part); }

    @Test void nestingAndFloodsAreBounded() throws IOException {
        TorchFileTest.refused(zip(bytes("\\x80\\x02" + "(".repeat(100) + "t".repeat(100) + "."), ZipEntry.STORED), "nested marks");
        TorchFileTest.refused(zip(bytes("\\x80\\x02)" + "\\x85".repeat(100) + "."), ZipEntry.STORED), "deep");
        TorchFileTest.refused(zip(bytes("\\x80\\x02" + "]".repeat(1_200_000) + "."), ZipEntry.STORED), "on the stack");
        TorchFileTest.refused(zip(bytes("\\x80\\x02]" + "]a".repeat(2_200_000) + "."), ZipEntry.STORED), "values");
    }

    @Test void zipBombsAreNotUnpacked() throws IOException {
        TorchFileTest.refused(zip(new byte[20_000_000], ZipEntry.DEFLATED), "compression method 8", "Nothing was unpacked");
    }

    @Test void archivesOfOtherThingsAreRefused() throws IOException {
        Path path = folder.resolve("other.bin");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(path))) {
            put(zip, "x/data.pkl", bytes("\\x80\\x02}."), ZipEntry.STORED);
            put(zip, "x/code/evil.py", new byte[3], ZipEntry.STORED);
        }
        TorchFileTest.refused(path, "x/code/evil.py", "TorchScript");
    }

    private static void put(ZipOutputStream zip, String name, byte[] data, int method) throws IOException {
        ZipEntry e = new ZipEntry(name);
        e.setMethod(method);
        if (method == ZipEntry.STORED) {
            CRC32 crc = new CRC32();
            crc.update(data);
            e.setSize(data.length);
            e.setCrc(crc.getValue());
        }
        zip.putNextEntry(e);
        zip.write(data);
        zip.closeEntry();
    }

    private Path zip(byte[] pickle, int method) throws IOException {
        Path path = folder.resolve("model.bin");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(path))) {
            put(zip, "x/data.pkl", pickle, method);
            put(zip, "x/version", bytes("3\\n"), ZipEntry.STORED);
        }
        return path;
    }

    /// `\xNN` and `\n`; everything else as it is.
    private static byte[] bytes(String escaped) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] text = escaped.strip().getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < text.length; i++) {
            if (text[i] != '\\') {
                out.write(text[i]);
            } else if (text[++i] == 'n') {
                out.write('\n');
            } else {
                out.write(Integer.parseInt(new String(text, i + 1, 2, StandardCharsets.US_ASCII), 16));
                i += 2;
            }
        }
        return out.toByteArray();
    }
}
