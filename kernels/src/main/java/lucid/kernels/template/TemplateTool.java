package lucid.kernels.template;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import lucid.kernels.math.Coefficients;

/// Expands every template of a folder. `main TEMPLATES OUTPUT` writes the `.ptx` files and deletes those that no template makes any more.
/// From the folder `kernels`, after a build: `java -cp target/classes lucid.kernels.template.TemplateTool src/main/ptx
/// src/main/resources/lucid/kernels/cuda`.
public final class TemplateTool {
    private TemplateTool() {}

    public static void main(String[] args) throws IOException {
        if (args.length != 2)
            throw new IllegalArgumentException("found " + args.length + " arguments; wanted the folder of the templates and the folder of the .ptx "
                    + "files");
        Path target = Path.of(args[1]);
        Map<String, String> texts = expandAll(Path.of(args[0]));
        int changed = 0;
        for (Map.Entry<String, String> e : texts.entrySet()) {
            Path file = target.resolve(e.getKey());
            if (Files.exists(file) && Files.readString(file).equals(e.getValue())) continue;
            Files.writeString(file, e.getValue());
            changed++;
        }
        int deleted = 0;
        for (Path file : files(target, ".ptx")) {
            if (texts.containsKey(file.getFileName().toString())) continue;
            Files.delete(file);
            deleted++;
        }
        System.out.println(texts.size() + " kernels, " + changed + " written, " + deleted + " deleted");
    }

    /// File name and text of every output of the templates in a folder, by name.
    ///
    /// @throws TemplateException when one cannot be expanded, or two make the same file
    public static Map<String, String> expandAll(Path folder) throws IOException {
        Map<String, Object> constants = constants();
        Map<String, String> texts = new LinkedHashMap<>();
        for (Path file : files(folder, ".ptx.in")) {
            Template template = Template.read(file, constants);
            for (Template.Output output : template.outputs()) {
                if (texts.put(output.name() + ".ptx", template.expand(output)) != null) {
                    throw new TemplateException(file.getFileName().toString(), 1, output.name() + ".ptx is made twice");
                }
            }
        }
        return texts;
    }

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return new ArrayList<>(files.filter(f -> f.getFileName().toString().endsWith(ending)).sorted().toList());
        }
    }

    /// The polynomial coefficients of Lucid's own functions, so that device code cannot differ from [lucid.kernels.math.ScalarMath] by a typing
    /// error.
    private static Map<String, Object> constants() {
        Map<String, Object> constants = new HashMap<>();
        for (Field field : Coefficients.class.getFields()) {
            if (!Modifier.isStatic(field.getModifiers())) continue;
            try {
                Object value = field.get(null);
                constants.put(field.getName(), value instanceof Integer i ? (Object) (long) i : value);
            } catch (IllegalAccessException e) {
                throw new IllegalStateException("public field " + field + " cannot be read", e);
            }
        }
        return constants;
    }
}
