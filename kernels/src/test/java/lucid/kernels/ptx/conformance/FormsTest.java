package lucid.kernels.ptx.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import lucid.kernels.ptx.Instructions;
import lucid.kernels.ptx.conformance.FormTable.Form;
import lucid.kernels.ptx.conformance.FormTable.Slot;
import lucid.kernels.ptx.machine.Program;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Runs every form of every table: the bits that it gives are the expected ones and nothing is found; a form marked `!` is refused when it is loaded.
class FormsTest {
    private static final int WANTED_FORMS = 1350;

    @TestFactory
    Stream<DynamicTest> forms() {
        return FormTable.all().stream().map(form -> dynamicTest(form.toString(), () -> check(form)));
    }

    @Test
    void thereAreEnoughForms() {
        List<Form> forms = FormTable.all();
        Set<String> distinct = new HashSet<>();
        forms.stream().filter(f -> !f.refused()).forEach(f -> distinct.add(f.text()));
        long cases = forms.stream().mapToLong(Form::cases).sum();
        System.out.println("conformance tables: " + distinct.size() + " forms, " + cases + " cases, " + forms.stream().filter(Form::refused).count()
                + " refused forms");
        assertTrue(distinct.size() >= WANTED_FORMS, distinct.size() + " forms");
    }

    private static void check(Form form) {
        if (form.refused()) {
            PtxModule module = PtxModule.parse(form.table() + "." + form.line(), FormModule.text(form));
            assertThrows(PtxSyntaxException.class, () -> Program.decode(module, module.entry(null), Instructions.decoders()), form.toString());
            return;
        }
        FormModule.Outcome outcome = FormModule.run(form);
        assertEquals(List.of(), outcome.report().findings(), form.toString());
        for (int r = 0; r < form.results().size(); r++) {
            long[] expected = form.values().get(form.operands().size() + r);
            for (int c = 0; c < form.cases(); c++) {
                assertEquals(Long.toHexString(expected[c]), Long.toHexString(outcome.results().get(r)[c]), describe(form, r, c));
            }
        }
    }

    private static String describe(Form form, int result, int c) {
        var text = new StringBuilder(form + ": " + form.results().get(result).name() + " of case " + (c + 1));
        List<Slot> operands = form.operands();
        for (int i = 0; i < operands.size(); i++) {
            text.append(' ').append(operands.get(i).name()).append('=').append(Long.toHexString(form.values().get(i)[c]));
        }
        return text.toString();
    }
}
