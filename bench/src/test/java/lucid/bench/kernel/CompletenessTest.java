package lucid.bench.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.File;
import java.io.IOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.RuntimeVisibleAnnotationsAttribute;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.contract.MatMul;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Benchmark;

/// Every kernel has a benchmark: a family's method that no `@Benchmark` method of this package calls is named here. What is read is the compiled
/// benchmarks' own calls, so no list can be forgotten.
class CompletenessTest {
    @Test void everyKernelIsMeasured() throws Exception {
        Set<String> kernels = kernels();
        assertFalse(kernels.isEmpty());
        Set<String> missing = new TreeSet<>(kernels);
        missing.removeAll(measured());
        assertEquals(Set.of(), missing, "kernels without a benchmark");
    }

    /// `Family.method` of all families that [Device] gives.
    private static Set<String> kernels() {
        return Arrays.stream(Device.class.getDeclaredMethods()).filter(m -> m.getParameterCount() == 0).map(Method::getReturnType)
                .filter(t -> t.isInterface() && t.getPackage() == MatMul.class.getPackage())
                .flatMap(family -> Arrays.stream(family.getDeclaredMethods()).filter(m -> Modifier.isAbstract(m.getModifiers()))
                        .map(m -> family.getSimpleName() + "." + m.getName()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> measured() throws IOException, URISyntaxException {
        Set<String> called = new TreeSet<>();
        for (File file : Path.of(KernelBench.class.getResource("KernelBench.class").toURI()).getParent().toFile()
                .listFiles((_, name) -> name.endsWith("Bench.class"))) {
            ClassModel bench = ClassFile.of().parse(file.toPath());
            bench.methods().stream().filter(CompletenessTest::isBenchmark).flatMap(CompletenessTest::calls).forEach(called::add);
        }
        return called;
    }

    private static boolean isBenchmark(MethodModel method) {
        return method.findAttribute(Attributes.runtimeVisibleAnnotations()).map(RuntimeVisibleAnnotationsAttribute::annotations)
                .orElse(List.of()).stream()
                .anyMatch(a -> a.classSymbol().equals(Benchmark.class.describeConstable().orElseThrow()));
    }

    private static Stream<String> calls(MethodModel method) {
        return method.code().stream().flatMap(code -> code.elementStream()).filter(InvokeInstruction.class::isInstance)
                .map(InvokeInstruction.class::cast)
                .filter(call -> call.owner().asSymbol().packageName().equals(MatMul.class.getPackageName()))
                .map(call -> call.owner().asSymbol().displayName() + "." + call.name().stringValue());
    }
}
