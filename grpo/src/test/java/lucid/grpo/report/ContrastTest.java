package lucid.grpo.report;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is written on the report can be read, whatever colour is under it: a contrast of 4.5 (WCAG 2.2, 1.4.3), in light and in dark.
class ContrastTest {
    private static final double WANTED = 4.5;
    private static final Pattern COLOUR = Pattern.compile("--(\\w+): #([0-9a-f]{3,6});");

    @ParameterizedTest @ValueSource(booleans = {false, true}) void textCanBeRead(boolean dark) throws IOException {
        Map<String, double[]> colours = colours(dark);
        double[] ink = colours.get("ink");
        for (String under : List.of("up", "down", "card", "bg")) assertContrast(under, ink, colours.get(under));
        // As .completion is painted: tokens of no weight, and what is said of it.
        double[] completion = mix(colours.get("card"), ink, 0.92);
        assertContrast("completion", ink, completion);
        for (double share : List.of(0.25, 0.5, 0.75))
            for (String way : List.of("up", "down")) assertContrast(way + " at " + share, ink, mix(colours.get(way), completion, share));
        assertContrast("soft on completion", colours.get("soft"), completion);
        assertContrast("soft", colours.get("soft"), colours.get("bg"));
    }

    private static void assertContrast(String what, double[] text, double[] under) {
        double a = luminance(text) + 0.05;
        double b = luminance(under) + 0.05;
        double contrast = Math.max(a, b) / Math.min(a, b);
        assertTrue(contrast >= WANTED, what + ": found " + contrast);
    }

    // WCAG 2.2, "relative luminance".
    private static double luminance(double[] rgb) {
        double[] weights = {0.2126, 0.7152, 0.0722};
        double sum = 0;
        for (int i = 0; i < 3; i++) sum += weights[i] * (rgb[i] <= 0.04045 ? rgb[i] / 12.92 : Math.pow((rgb[i] + 0.055) / 1.055, 2.4));
        return sum;
    }

    // color-mix(in srgb, a share, b)
    private static double[] mix(double[] a, double[] b, double share) {
        double[] c = new double[3];
        for (int i = 0; i < 3; i++) c[i] = share * a[i] + (1 - share) * b[i];
        return c;
    }

    // Of the first :root, with those of the dark one over them.
    private static Map<String, double[]> colours(boolean dark) throws IOException {
        String css;
        try (InputStream in = Page.class.getResourceAsStream("/report/report.css")) {
            css = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        int second = css.indexOf("prefers-color-scheme: dark");
        assertTrue(second > 0, "the page has dark colours");
        Map<String, double[]> all = new HashMap<>();
        for (Matcher m = COLOUR.matcher(dark ? css : css.substring(0, second)); m.find(); ) all.put(m.group(1), rgb(m.group(2)));
        for (String name : List.of("ink", "soft", "bg", "card", "up", "down")) assertNotNull(all.get(name), name);
        return all;
    }

    private static double[] rgb(String hex) {
        int digits = hex.length() / 3;
        double[] rgb = new double[3];
        for (int i = 0; i < 3; i++) rgb[i] = Integer.parseInt(hex.substring(i * digits, (i + 1) * digits).repeat(3 - digits), 16) / 255.0;
        return rgb;
    }
}
