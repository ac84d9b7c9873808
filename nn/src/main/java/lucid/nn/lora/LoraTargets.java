package lucid.nn.lora;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Which layers an `adapter_config.json` says are adapted, as `peft` reads it (`check_target_module_exists`). A layer that it leaves out keeps the
/// base's weight there, whatever matrices the file has for it.
record LoraTargets(JsonNode config) {
    private static final String ALL = "all-linear";
    private static final Pattern BLOCK = Pattern.compile("(?:^|\\.)(\\d+)\\.");

    /// The field that leaves a layer out; null if it is adapted.
    ///
    /// @param layer as the file names it, `model.layers.0.self_attn.q_proj`
    String leavesOut(String layer) {
        JsonNode excluded = config.path("exclude_modules");
        if (excluded.isTextual() ? matches(excluded.asText(), layer, false) : ends(excluded, layer)) return "exclude_modules";
        JsonNode targets = config.path("target_modules");
        if (targets.isMissingNode() || targets.isNull()) return null;
        if (targets.isTextual()) return targets.asText().equalsIgnoreCase(ALL) || matches(targets.asText(), layer, true) ? null : "target_modules";
        // A whole name is that layer, whatever its block.
        for (JsonNode name : targets) if (layer.equals(name.asText())) return null;
        if (!ends(targets, layer)) return "target_modules";
        return inBlock(layer) ? null : "layers_to_transform";
    }

    private static boolean ends(JsonNode names, String layer) {
        for (JsonNode name : names) if (layer.equals(name.asText()) || layer.endsWith("." + name.asText())) return true;
        return false;
    }

    // A pattern that is none in Java leaves the question open.
    private static boolean matches(String pattern, String layer, boolean open) {
        try {
            return Pattern.matches(pattern, layer);
        } catch (PatternSyntaxException _) {
            return open;
        }
    }

    private boolean inBlock(String layer) {
        JsonNode said = config.path("layers_to_transform");
        Matcher block = BLOCK.matcher(layer);
        // An empty list is peft's word for all of them.
        if (!said.isInt() && said.isEmpty() || !block.find()) return true;
        Set<Integer> blocks = new HashSet<>();
        if (said.isInt()) blocks.add(said.asInt());
        for (JsonNode n : said) blocks.add(n.asInt());
        return blocks.contains(Integer.parseInt(block.group(1)));
    }
}
