package lucid.kernels.simd.vector;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// What kernels want of the Java that runs them: the module of the Vector API, an optimising compiler, and fused multiply-add in one instruction.
/// Without the first there are no kernels, without the others the same bits come hundreds or thousands of times later, so that is said before anybody
/// waits.
public final class Jvm {
    private static final System.Logger LOG = System.getLogger(Jvm.class.getName());
    private static final String VECTOR_API = "jdk.incubator.vector";
    private static final AtomicBoolean SAID = new AtomicBoolean();

    private Jvm() {}

    /// Refuses to go on without the Vector API, and warns, once, of what makes everything slow.
    public static void demand() {
        module();
        Optional<String> hindrance = hindrance();
        if (hindrance.isPresent() && SAID.compareAndSet(false, true)) {
            LOG.log(System.Logger.Level.WARNING, "Kernels will be right but very slow: " + hindrance.get());
        }
    }

    private static void module() {
        try {
            Class.forName(VECTOR_API + ".FloatVector", false, Jvm.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("the device simd needs Java's module " + VECTOR_API + ", which is not there unless asked for;"
                    + " wanted java --add-modules=" + VECTOR_API + " ... (or the device reference, which does without)", e);
        }
    }

    /// Why this JVM cannot make vector instructions of kernels, if that is known.
    public static Optional<String> hindrance() {
        HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        if (vm == null) return Optional.empty();
        boolean fma = "true".equals(option(vm, "UseFMA", "true"));
        boolean compiler = "true".equals(option(vm, "UseCompiler", "true"));
        return hindrance(fma, compiler, option(vm, "TieredStopAtLevel", "4"));
    }

    static Optional<String> hindrance(boolean fma, boolean compiler, String level) {
        if (!compiler) return Optional.of("Java only interprets (-Xint)");
        if (!fma) {
            return Optional.of("Java found no fused multiply-add on this processor, and computes each in software"
                    + " (a virtual machine may hide it: choose the host's processor model)");
        }
        if (!"4".equals(level)) return Optional.of("Java's optimising compiler is off (-XX:TieredStopAtLevel=" + level + ")");
        return Optional.empty();
    }

    /// A Java that has no such option does as usual.
    private static String option(HotSpotDiagnosticMXBean vm, String name, String usual) {
        try {
            return vm.getVMOption(name).getValue();
        } catch (IllegalArgumentException _) {
            return usual;
        }
    }
}
