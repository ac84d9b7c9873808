package lucid.nn.file.pickle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

class PicklerTest {
    /// Opcode by opcode after `pickletools.py` and what `torch.save` calls: two tensors, so that everything that is shared is written once and
    /// recalled once.
    @Test void everyByteOfTwoTensors() {
        ByteArrayOutputStream wanted = new ByteArrayOutputStream();
        add(wanted, 0x80, 2, "ccollections\nOrderedDict\n", 'q', 0, ')', 'R', 'q', 1, '(');
        add(wanted, 'X', 1, 0, 0, 0, "w", 'q', 2, "ctorch._utils\n_rebuild_tensor_v2\n", 'q', 3, '(');
        add(wanted, '(', 'X', 7, 0, 0, 0, "storage", 'q', 4, "ctorch\nFloatStorage\n", 'q', 5, 'X', 1, 0, 0, 0, "0", 'q', 6, 'X', 3, 0, 0, 0, "cpu",
                'q', 7, 'M', 0x58, 0x02, 't', 'q', 8, 'Q');
        add(wanted, 'K', 0, 'K', 2, 'M', 0x2C, 0x01, 0x86, 'q', 9, 'M', 0x2C, 0x01, 'K', 1, 0x86, 'q', 10, 0x89, 'h', 0, ')', 'R', 'q', 11, 't', 'q',
                12, 'R', 'q', 13);
        add(wanted, 'X', 2, 0, 0, 0, 0xC3, 0xA9, 'q', 14, 'h', 3, '(', '(', 'h', 4, "ctorch\nBFloat16Storage\n", 'q', 15, 'X', 1, 0, 0, 0, "1", 'q',
                16, 'h', 7, 'K', 1, 't', 'q', 17, 'Q');
        add(wanted, 'K', 0, ')', ')', 0x89, 'h', 0, ')', 'R', 'q', 18, 't', 'q', 19, 'R', 'q', 20, 'u', '.');
        Map<String, PickleValue.TensorView> tensors = new LinkedHashMap<>();
        tensors.put("w", view("FloatStorage", "0", 600, new long[] {2, 300}, new long[] {300, 1}));
        tensors.put("é", view("BFloat16Storage", "1", 1, new long[0], new long[0]));
        assertArrayEquals(wanted.toByteArray(), Pickler.stateDict(tensors));
    }

    @Test void oneTensorHasNoMarkAndNoneHasNothing() {
        String none = new String(Pickler.stateDict(Map.of()), StandardCharsets.ISO_8859_1);
        assertEquals("\u0080\u0002ccollections\nOrderedDict\nq\0)Rq\u0001.", none);
        String one = new String(Pickler.stateDict(Map.of("w", view("ByteStorage", "0", 1, new long[0], new long[0]))), StandardCharsets.ISO_8859_1);
        assertTrue(one.startsWith(none.substring(0, none.length() - 1) + "X\u0001\0\0\0w") && one.endsWith("s."), one);
    }

    /// Zeros of every type and of rank 0 to 5, saved by PyTorch itself (`make_torch_files.py`).
    @Test void theSameBytesAsPyTorch() throws IOException {
        byte[] torch;
        try (ZipFile zip = new ZipFile("src/test/resources/torch/ordered.bin");
                InputStream in = zip.getInputStream(zip.getEntry("ordered/data.pkl"))) {
            torch = in.readAllBytes();
        }
        Map<String, PickleValue.TensorView> tensors = read(torch);
        assertEquals(30, tensors.size());
        assertArrayEquals(torch, Pickler.stateDict(tensors));
    }

    /// The pickles before the storages of the form without a zip, saved by PyTorch itself.
    @Test void theSameBytesAsPyTorchWithoutAZip() throws IOException {
        byte[] torch = Files.readAllBytes(Path.of("src/test/resources/torch/ordered_legacy.bin"));
        try (Arena arena = Arena.ofConfined()) {
            PickleInput in = new PickleInput("test", arena.allocate(torch.length).copyFrom(MemorySegment.ofArray(torch)));
            for (int i = 0; i < 3; i++) Unpickler.read(in);
            assertArrayEquals(Arrays.copyOf(torch, (int) in.position()), Pickler.legacyHead());
            int from = (int) in.position();
            Map<String, PickleValue.TensorView> tensors = views(Unpickler.read(in));
            assertEquals(30, tensors.size());
            assertArrayEquals(Arrays.copyOfRange(torch, from, (int) in.position()), Pickler.legacyStateDict(tensors));
            from = (int) in.position();
            Unpickler.read(in);
            List<String> sorted = tensors.values().stream().map(v -> v.storage().key()).sorted().toList();
            assertArrayEquals(Arrays.copyOfRange(torch, from, (int) in.position()), Pickler.legacyKeys(sorted));
        }
    }

    /// `pickle.dumps(list, 2)` after `pickletools.py`: a list of one is appended alone, the last batch of a longer one has its mark whatever is in
    /// it.
    @Test void listsOfKeys() {
        ByteArrayOutputStream none = new ByteArrayOutputStream();
        add(none, 0x80, 2, ']', 'q', 0, '.');
        assertArrayEquals(none.toByteArray(), Pickler.legacyKeys(List.of()));
        ByteArrayOutputStream one = new ByteArrayOutputStream();
        add(one, 0x80, 2, ']', 'q', 0, 'X', 1, 0, 0, 0, "7", 'q', 1, 'a', '.');
        assertArrayEquals(one.toByteArray(), Pickler.legacyKeys(List.of("7")));
        ByteArrayOutputStream end = new ByteArrayOutputStream();
        add(end, 'e', '(', 'X', 4, 0, 0, 0, "1000", 'r', 0xE9, 0x03, 0, 0, 'e', '.');
        byte[] many = Pickler.legacyKeys(IntStream.rangeClosed(0, 1000).mapToObj(i -> String.format("%04d", i)).toList());
        assertArrayEquals(end.toByteArray(), Arrays.copyOfRange(many, many.length - end.size(), many.length));
    }

    @Test void moreThanABatchAndHugeSizesComeBack() {
        Map<String, PickleValue.TensorView> tensors = new LinkedHashMap<>();
        for (int i = 0; i < 2001; i++)
            tensors.put("t" + i, view("HalfStorage", Integer.toString(i), 1L << i % 62, new long[] {1L << i % 62, 1, 1, 1}, new long[] {1, 1, 1, 1}));
        byte[] pickle = Pickler.stateDict(tensors);
        Map<String, PickleValue.TensorView> back = read(pickle);
        assertEquals(List.copyOf(tensors.keySet()), List.copyOf(back.keySet()));
        back.forEach((name, view) -> {
            assertEquals(tensors.get(name).storage(), view.storage());
            assertArrayEquals(tensors.get(name).shape(), view.shape(), name);
        });
        assertThrows(IllegalArgumentException.class, () -> Pickler.stateDict(Map.of("x", view("HalfStorage", "0", -1, new long[0], new long[0]))));
        assertThrows(IllegalArgumentException.class,
                () -> Pickler.stateDict(Map.of("x".repeat(17 << 20), view("HalfStorage", "0", 1, new long[0], new long[0]))));
    }

    private static PickleValue.TensorView view(String type, String key, long count, long[] shape, long[] strides) {
        return new PickleValue.TensorView(new PickleValue.Storage(type, key, count), 0, shape, strides);
    }

    private static Map<String, PickleValue.TensorView> read(byte[] pickle) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(pickle.length).copyFrom(MemorySegment.ofArray(pickle));
            return views(Unpickler.read(new PickleInput("test", bytes)));
        }
    }

    private static Map<String, PickleValue.TensorView> views(PickleValue root) {
        Map<String, PickleValue.TensorView> out = new LinkedHashMap<>();
        assertInstanceOf(PickleValue.Dict.class, root).entries()
                .forEach((name, value) -> out.put((String) name, assertInstanceOf(PickleValue.TensorView.class, value)));
        return out;
    }

    private static void add(ByteArrayOutputStream out, Object... parts) {
        for (Object part : parts) {
            switch (part) {
                case Integer b -> out.write(b);
                case Character c -> out.write(c);
                default -> out.writeBytes(part.toString().getBytes(StandardCharsets.US_ASCII));
            }
        }
    }
}
