package lucid.nn.lora;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Which layers an `adapter_config.json` says are adapted, as `peft` reads it (`check_target_module_exists`). A layer that it leaves out keeps the base's weight there, whatever matrices the file has for it.
record LoraTargets(JsonNode config) {
    private static final String ALL = "all-linear";
    private static final Pattern BLOCK = Pattern.compile("(?:^|\\.)(\\d+)\\.");

    /// The field that leaves a layer out; null if it is adapted.
    ///
    /// @param layer as the file names it, `model.layers.0.self_attn.q_proj`
    String leavesOut(String layer) {
        JsonNode targets = config.path("target_modules");
        boolean named = targets.isMissingNode() || targets.isNull() || targets.isTextual() && targets.asText().equalsIgnoreCase(ALL) || names(targets, layer, true);
        if (!named) return "target_modules";
        JsonNode excluded = config.path("exclude_modules");
        if (!excluded.isEmpty() || excluded.isTextual()) if (names(excluded, layer, false)) return "exclude_modules";
        return inBlock(layer) ? null : "layers_to_transform";
    }

    // One pattern for whole names, or a list of names and their ends. A pattern that is none in Java leaves the question open.
    private static boolean names(JsonNode said, String layer, boolean open) {
        if (!said.isTextual()) {
            for (JsonNode name : said) if (layer.equals(name.asText()) || layer.endsWith("." + name.asText())) return true;
            return false;
        }
        try {
            return Pattern.matches(said.asText(), layer);
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
