package lucid.grpo.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.htmlunit.BrowserVersion;
import org.htmlunit.SilentCssErrorHandler;
import org.htmlunit.WebClient;
import org.htmlunit.html.DomElement;
import org.htmlunit.html.DomNode;
import org.htmlunit.html.HtmlPage;

/// A browser without a screen (HtmlUnit): a page's script runs in it, and an error of the script is one of the test. It lays nothing out, so what a
/// page looks like is for eyes.
///
/// Its JavaScript has no spread in the arguments of a call, and takes `\p{...}` in a regular expression for letters; the report does without both.
public final class Browser implements AutoCloseable {
    // Held here: a logger that nobody holds forgets its level. Some of the style is newer than HtmlUnit.
    private static final Logger LOG = Logger.getLogger("org.htmlunit");

    private final WebClient client = new WebClient(BrowserVersion.FIREFOX);

    public Browser() {
        LOG.setLevel(Level.OFF);
        client.setCssErrorHandler(new SilentCssErrorHandler());
        client.getOptions().setThrowExceptionOnScriptError(true);
    }

    /// Loads a page from the disk and runs its script.
    public HtmlPage open(Path file) throws IOException { return client.getPage(file.toUri().toURL()); }

    /// The texts of what a CSS selector finds.
    public static List<String> texts(HtmlPage page, String selector) {
        return page.querySelectorAll(selector).stream().map(DomNode::getTextContent).toList();
    }

    /// The values of an attribute of what a CSS selector finds.
    static List<String> attributes(HtmlPage page, String selector, String name) {
        return page.querySelectorAll(selector).stream().map(n -> ((DomElement) n).getAttribute(name)).toList();
    }

    @Override public void close() { client.close(); }
}
