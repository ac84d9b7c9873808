package lucid.grpo.cli.device;

import lucid.nn.memory.MemoryPlan;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads `--memory`: bytes.
final class MemorySize implements ITypeConverter<Long> {
    @Override public Long convert(String text) {
        try {
            return MemoryPlan.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
