package lucid.grpo.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Pages that open from disk: one template with its style, its script and its data inside, and nothing fetched.
public final class Page {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Page() {}

    /// Fills `{{title}}`, `{{css}}`, `{{js}}` and `{{data}}` of the resource `NAME.html` from `NAME.css`, `NAME.js` and the arguments.
    ///
    /// @param name path of the resources without their endings, `ptx/trace`
    public static String of(String name, String title, JsonNode data) throws IOException { return of(name, List.of(name), title, data); }

    /// The same with other scripts, one after the other.
    public static String of(String name, List<String> scripts, String title, JsonNode data) throws IOException {
        StringBuilder js = new StringBuilder();
        for (String script : scripts) js.append(resource(script + ".js"));
        // Inside a script element "</script" ends it, and "<!--" with a "<script" makes the parser pass over that end (HTML: script data double
        // escaped state). In JSON a "<" stands in strings alone.
        String json = JSON.writeValueAsString(data).replace("<", "\\u003c");
        return resource(name + ".html").replace("{{title}}", escape(title)).replace("{{css}}", resource(name + ".css")).replace("{{js}}", js)
                .replace("{{data}}", json);
    }

    private static String escape(String text) { return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"); }

    private static String resource(String name) throws IOException {
        try (InputStream in = Page.class.getResourceAsStream("/" + name)) {
            if (in == null) throw new IOException("resource " + name + " is missing from this build");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
