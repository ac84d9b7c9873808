package lucid.bench.libtorch;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Operations of libtorch that DJL has no method for: `kernels.py`, a TorchScript module without parameters, each of whose methods is one of them. It
/// is packed here as `torch.jit.save` would do it, and run by libtorch's own interpreter.
final class Script implements AutoCloseable {
    private static final String SOURCE = "kernels.py";
    /// The newest version of the archive that libtorch 2.7 knows; older ones know older forms of some operations.
    private static final String VERSION = "10\n";
    /// A pickled object of the module's class: no attributes.
    private static final String OBJECT = "\u0080\u0002c__torch__\nKernels\n)\u0081}b.";
    private static final String NO_CONSTANTS = "\u0080\u0002).";

    private final PtNDManager manager;
    private final PtSymbolBlock module;

    Script(PtNDManager manager) {
        this.manager = manager;
        // Calls are measured, not what could be fused or made faster by profiling them first.
        JniUtils.setGraphExecutorOptimize(false);
        try (InputStream source = Script.class.getResourceAsStream(SOURCE)) {
            module = JniUtils.loadModule(manager, new ByteArrayInputStream(archive(source.readAllBytes())), false, false);
        } catch (IOException e) {
            throw new UncheckedIOException(SOURCE + ": cannot be read", e);
        }
    }

    private static byte[] archive(byte[] source) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            add(zip, "data.pkl", OBJECT.getBytes(StandardCharsets.ISO_8859_1));
            add(zip, "constants.pkl", NO_CONSTANTS.getBytes(StandardCharsets.ISO_8859_1));
            add(zip, "version", VERSION.getBytes(StandardCharsets.ISO_8859_1));
            add(zip, "code/__torch__.py", source);
        }
        return bytes.toByteArray();
    }

    private static void add(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        zip.putNextEntry(new ZipEntry("kernels/" + name));
        zip.write(bytes);
        zip.closeEntry();
    }

    /// A method with its arguments, to be called again and again.
    Supplier<NDArray> call(String method, NDArray... x) {
        IValue[] arguments = Stream.of(x).map(a -> IValue.from((PtNDArray) a)).toArray(IValue[]::new);
        return () -> {
            try (IValue out = IValueUtils.runMethod(module, method, arguments)) {
                return out.toTensor(manager);
            }
        };
    }

    @Override public void close() { module.close(); }
}
