package lucid.kernels.ptx.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import lucid.kernels.compile.CompileGate;
import lucid.kernels.compile.Compilation;
import lucid.kernels.compile.Diagnostic;
import lucid.kernels.ptx.conformance.FormTable.Form;
import org.junit.jupiter.api.Test;

/// What the emulator runs here an assembler takes too: every form of every table, except those that need a newer `.version` than the gate allows.
class FormsCompileTest {
    @Test
    void theAssemblersTakeEveryForm() {
        assumeFalse(CompileGate.assemblers().isEmpty(), "no assembler on this machine");
        Map<String, List<Form>> tables = FormTable.all().stream().filter(f -> !f.refused() && f.version().equals("8.0"))
                .collect(Collectors.groupingBy(Form::table));
        tables.forEach((table, forms) -> assertEquals("", errors(table, forms), table));
    }

    /// One module per table, one entry per form.
    private static String errors(String table, List<Form> forms) {
        var text = new StringBuilder(".version 8.0\n.target sm_90a\n.address_size 64\n");
        for (int i = 0; i < forms.size(); i++) {
            text.append(FormModule.entry(forms.get(i), "form" + i));
        }
        List<String> lines = text.toString().lines().toList();
        return CompileGate.check(table, text.toString(), "sm_90a").compilations().stream().map(Compilation::errors).flatMap(List::stream)
                .map(d -> describe(d, lines)).distinct().collect(Collectors.joining("\n"));
    }

    private static String describe(Diagnostic error, List<String> lines) {
        String source = error.line() >= 1 && error.line() <= lines.size() ? lines.get(error.line() - 1).strip() : "";
        return error + ": " + source;
    }
}
