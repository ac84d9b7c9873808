package lucid.nn.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;

/// Sizes of a Qwen2 decoder, with the defaults of transformers' `Qwen2Config` for keys that a file leaves out (32 key/value heads, but as many as
/// heads for an explicit null).
///
/// @param headDim              size of a head; `hidden / heads` unless the file says otherwise (nothing else may be derived from that quotient)
/// @param tieWordEmbeddings    the output head is the embedding table
/// @param eosTokenIds          tokens that end an answer where no `generation_config.json` says it; none, one or several
public record Qwen2Config(int vocabSize, int hiddenSize, int intermediateSize, int layers, int heads, int kvHeads, int headDim, float rmsNormEps,
                          double ropeTheta, int maxPositions, boolean tieWordEmbeddings, double initializerRange, List<Integer> eosTokenIds) {
    private static final String EOS = "eos_token_id";
    private static final List<String> ROPE_PARAMETERS = List.of("rope_type", "type", "rope_theta");

    public Qwen2Config {
        Limits.atMost("num_hidden_layers", layers, Limits.LAYERS);
        Limits.atMost("hidden_size", hiddenSize, Limits.WIDTH);
        Limits.atMost("num_attention_heads", heads, Limits.WIDTH);
        Limits.atMost("vocab_size", vocabSize, Limits.MATRIX, "hidden_size", hiddenSize);
        Limits.atMost("intermediate_size", intermediateSize, Limits.MATRIX, "hidden_size", hiddenSize);
        Limits.atMost("head_dim", headDim, Limits.MATRIX, "num_attention_heads * hidden_size", (long) heads * hiddenSize);
        if (heads % kvHeads != 0) {
            throw new ConfigException("num_attention_heads: found " + heads + ", wanted a multiple of num_key_value_heads " + kvHeads);
        }
        if (headDim % 2 != 0) throw new ConfigException("head_dim: found " + headDim + ", wanted an even number (rotary embedding turns pairs)");
        eosTokenIds = List.copyOf(eosTokenIds);
    }

    /// The same with one end of text; -1: none.
    public Qwen2Config(int vocabSize, int hiddenSize, int intermediateSize, int layers, int heads, int kvHeads, int headDim, float rmsNormEps,
            double ropeTheta, int maxPositions,
                       boolean tieWordEmbeddings, double initializerRange, int eosTokenId) {
        this(vocabSize, hiddenSize, intermediateSize, layers, heads, kvHeads, headDim, rmsNormEps, ropeTheta, maxPositions, tieWordEmbeddings,
                initializerRange,
                eosTokenId < 0 ? List.of() : List.of(eosTokenId));
    }

    /// Reads `config.json` (a file, or the folder it is in).
    public static Qwen2Config read(Path path) { return read(ConfigReader.open(path)); }

    /// Reads a configuration that is part of another file; `where` names file and place for messages.
    public static Qwen2Config parse(String where, JsonNode config) { return read(new ConfigReader(where, config)); }

    static Qwen2Config read(ConfigReader r) {
        r.only("model_type", "qwen2");
        // Two names of one function.
        if (!r.text("hidden_act", "silu").equals("swish")) r.only("hidden_act", "silu");
        requireNoWindow(r);
        if (r.flag("use_mrope", false)) throw r.bad("use_mrope", "false (this is the plain Qwen2 decoder)");
        if (r.number("attention_dropout", 0) != 0) throw r.bad("attention_dropout", "0");
        int hidden = r.size("hidden_size", 4096);
        int heads = r.size("num_attention_heads", 32);
        if (!r.has("head_dim") && hidden % heads != 0)
            throw r.bad("hidden_size", "a multiple of num_attention_heads " + heads + ", or head_dim given");
        return r.made(() -> new Qwen2Config(r.size("vocab_size", 151_936), hidden, r.size("intermediate_size", 22_016),
                r.size("num_hidden_layers", 32), heads,
                r.size("num_key_value_heads", r.node().has("num_key_value_heads") ? heads : 32), r.size("head_dim", hidden / heads),
                        (float) r.positive("rms_norm_eps", 1e-6),
                ropeTheta(r), r.size("max_position_embeddings", 32_768), r.flag("tie_word_embeddings", false),
                r.number("initializer_range", 0.02), eosTokenIds(r)));
    }

    /// One number or a list; -1 for none is an older habit.
    static List<Integer> eosTokenIds(ConfigReader r) {
        boolean none = !r.has(EOS) || r.node().get(EOS).isIntegralNumber() && r.node().get(EOS).asLong() == -1;
        return none ? List.of() : r.ids(EOS, r.node().get(EOS));
    }

    /// `layer_types` say it layer by layer; without them layers from `max_window_layers` on have a window of `sliding_window` if `use_sliding_window`
    /// is true.
    private static void requireNoWindow(ConfigReader r) {
        for (JsonNode type : r.node().path("layer_types")) {
            if (!type.asText().equals("full_attention")) throw r.bad("layer_types", "full_attention only (windowed attention is not implemented)");
        }
        boolean windowed = r.flag("use_sliding_window", false) && !r.has("layer_types") && !r.node().path("sliding_window").isNull()
                && r.integer("max_window_layers", 28) < r.integer("num_hidden_layers", 32);
        if (windowed)
            throw r.bad("use_sliding_window", "false, or max_window_layers of at least num_hidden_layers (windowed attention is not implemented)");
    }

    /// The base of the rotary embedding: `rope_theta` or, as transformers writes it since version 5, the same inside `rope_parameters`, which
    /// `rope_scaling` was before.
    private static double ropeTheta(ConfigReader r) {
        double theta = r.positive("rope_theta", 10_000);
        boolean both = !r.node().path("rope_parameters").isEmpty() && !r.node().path("rope_scaling").isEmpty();
        if (both && !r.node().get("rope_scaling").equals(r.node().get("rope_parameters")))
            throw r.bad("rope_scaling", r.node().get("rope_parameters") + " as in rope_parameters, or one of the two only");
        for (String key : List.of("rope_parameters", "rope_scaling")) {
            if (!r.has(key)) continue;
            ConfigReader parameters = r.child(key);
            parameters.only("rope_type", "default");
            parameters.only("type", "default");
            parameters.node().fieldNames().forEachRemaining(name -> {
                if (!ROPE_PARAMETERS.contains(name))
                    throw parameters.bad(name, "one of " + ROPE_PARAMETERS + " only (scaled rotary embedding is not implemented)");
            });
            double inner = parameters.positive("rope_theta", theta);
            if (r.has("rope_theta") && inner != theta) throw r.bad("rope_theta", inner + ", as in " + key);
            theta = inner;
        }
        return theta;
    }

    /// The published form.
    public ObjectNode toJson() {
        ObjectNode n = JsonNodeFactory.instance.objectNode();
        n.putArray("architectures").add("Qwen2ForCausalLM");
        n.put("model_type", "qwen2").put("vocab_size", vocabSize).put("hidden_size", hiddenSize).put("intermediate_size", intermediateSize);
        n.put("num_hidden_layers", layers).put("num_attention_heads", heads).put("num_key_value_heads", kvHeads);
        if (headDim * heads != hiddenSize) n.put("head_dim", headDim);
        n.put("hidden_act", "silu").put("rms_norm_eps", Double.parseDouble(Float.toString(rmsNormEps))).put("rope_theta", ropeTheta);
        n.put("max_position_embeddings", maxPositions).put("tie_word_embeddings", tieWordEmbeddings).put("initializer_range", initializerRange);
        n.put("use_sliding_window", false).put("attention_dropout", 0.0);
        if (eosTokenIds.size() == 1) n.put(EOS, eosTokenIds.getFirst());
        else if (!eosTokenIds.isEmpty()) eosTokenIds.forEach(n.putArray(EOS)::add);
        return n;
    }
}
