package lucid.grpo.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/// Pages that open from disk: one template with its style, its script and its data inside, and nothing fetched.
public final class Page {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Page() {}

    /// Fills `{{title}}`, `{{css}}`, `{{js}}` and `{{data}}` of the resource `NAME.html` from `NAME.css`, `NAME.js` and the arguments.
    ///
    /// @param name path of the resources without their endings, `report/report`
    public static String of(String name, String title, JsonNode data) throws IOException { return of(name, name, title, data); }

    /// The same with a script of another name.
    public static String of(String name, String script, String title, JsonNode data) throws IOException {
        // Inside a script element "</script" ends it, and "<!--" with a "<script" makes the parser pass over that end (HTML, 13.2.5.18). In JSON a "<" stands in strings alone.
        String json = JSON.writeValueAsString(data).replace("<", "\\u003c");
        return resource(name + ".html").replace("{{title}}", escape(title)).replace("{{css}}", resource(name + ".css")).replace("{{js}}", resource(script + ".js"))
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
