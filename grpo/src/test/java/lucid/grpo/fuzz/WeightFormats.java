package lucid.grpo.fuzz;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFile;
import lucid.nn.file.WeightFiles;
import lucid.nn.lora.LoraFile;

/// Weights: safetensors, PyTorch's forms, index files, adapters.
final class WeightFormats {
    private static final Path SEEDS = Path.of("src/test/resources/fuzz/seeds");
    static final String LORA = "{\"peft_type\":\"LORA\",\"task_type\":\"CAUSAL_LM\",\"base_model_name_or_path\":\"base\",\"r\":2,\"lora_alpha\":4,\"lora_dropout\":0.0,\"bias\":\"none\",\"fan_in_fan_out\":false,"
            + "\"use_rslora\":false,\"use_dora\":false,\"modules_to_save\":null,\"rank_pattern\":{},\"alpha_pattern\":{},\"target_modules\":[\"q_proj\"]}";

    private WeightFormats() {}

    static List<Format> all() throws IOException {
        byte[] one = safetensors("model.a", "model.b");
        byte[] two = safetensors("model.c");
        String index = "{\"metadata\":{\"total_size\":96},\"weight_map\":{\"model.a\":\"one.safetensors\",\"model.b\":\"one.safetensors\",\"ids\":\"one.safetensors\",\"none\":\"one.safetensors\",\"half\":\"one.safetensors\",\"model.c\":\"two.safetensors\"}}";
        String torch = "{\"metadata\":{\"total_size\":32},\"weight_map\":{\"weight\":\"pytorch_model-1.bin\",\"bias\":\"pytorch_model-1.bin\"}}";
        byte[] zip = Files.readAllBytes(SEEDS.resolve("zip.bin"));
        byte[] state = Files.readAllBytes(SEEDS.resolve("state_dict.bin"));
        byte[] zip64 = StoredZipWriter.write(StoredZipWriter.read(zip), true);
        byte[] adapter = adapter();
        return List.of(
                new Format("safetensors", Format.Kind.SAFETENSORS, "model.safetensors", one, Map.of(), WeightFormats::weights),
                new Format("bin", Format.Kind.ZIP, "pytorch_model.bin", zip, Map.of(), WeightFormats::weights),
                new Format("bin-zip64", Format.Kind.ZIP, "pytorch_model.bin", zip64, Map.of(), WeightFormats::weights),
                new Format("bin-state-dict", Format.Kind.ZIP, "pytorch_model.bin", state, Map.of(), WeightFormats::weights),
                new Format("bin-legacy", Format.Kind.BYTES, "pytorch_model.bin", Files.readAllBytes(SEEDS.resolve("legacy.bin")), Map.of(),
                        WeightFormats::weights),
                new Format("index", Format.Kind.TEXT, WeightFiles.INDEX, text(index), Format.files("one.safetensors", one, "two.safetensors", two),
                        WeightFormats::shards),
                new Format("bin-index", Format.Kind.TEXT, WeightFiles.TORCH_INDEX, text(torch), Format.files("pytorch_model-1.bin", state),
                        WeightFormats::shards),
                new Format("adapter-config", Format.Kind.TEXT, LoraFile.CONFIG, text(LORA), Format.files(LoraFile.WEIGHTS, adapter),
                        WeightFormats::adapterConfig),
                new Format("adapter", Format.Kind.SAFETENSORS, LoraFile.WEIGHTS, adapter, Format.files(LoraFile.CONFIG, text(LORA)),
                        WeightFormats::adapterWeights));
    }

    static byte[] text(String s) { return s.getBytes(StandardCharsets.UTF_8); }

    private static byte[] safetensors(String... names) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        for (String name : names) writer.add(name, new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
        if (names.length > 1)
            writer.add("ids", new long[] {1, 2}, 2).add("none", new float[0], 0, 3)
                    .add("half", StoredType.BF16, new long[] {4}, (_, count, chunk) -> chunk.put(new byte[2 * count]));
        return written(writer);
    }

    private static byte[] adapter() throws IOException {
        String stem = "base_model.model.model.layers.0.self_attn.q_proj.lora_";
        return written(new SafetensorsWriter().add(stem + "A.weight", new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 4)
                .add(stem + "B.weight", new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 4, 2));
    }

    private static byte[] written(SafetensorsWriter writer) throws IOException {
        Path file = Files.createTempFile("seed", ".safetensors");
        try {
            writer.write(file);
            return Files.readAllBytes(file);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /// What a tensor is, without the mapping that it lies in.
    private record Tensor(String type, List<Long> shape, byte[] data) {
        boolean same(Tensor o) { return o != null && type.equals(o.type) && shape.equals(o.shape) && Arrays.equals(data, o.data); }

        static Tensor of(StoredTensor t) {
            if (t.data().byteSize() != t.elements() * t.type().bytes())
                throw new AssertionError(t.name() + ": " + t.data().byteSize() + " bytes for " + t.elements() + " elements");
            if (t.elements() > 0) t.value(t.elements() - 1);
            return new Tensor(t.type().name(), Arrays.stream(t.shape()).boxed().toList(), t.data().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    private static Map<String, Tensor> tensors(Path path) {
        Map<String, Tensor> read = new TreeMap<>();
        try (WeightFiles files = WeightFiles.open(path)) {
            files.tensors().forEach((name, t) -> read.put(name, Tensor.of(t)));
        }
        return read;
    }

    private static Format.Check weights(Path folder) {
        Map<String, Tensor> read = tensors(folder);
        return file -> {
            if (file.length > 4 && file[0] == 'P' && file[1] == 'K') zip(read, file);
            else if (file.length > 2 && file[0] == (byte) 0x80 && file[1] >= 2 && file[1] <= 5 && file[8] != 0x7B) legacy(read, file);
            else header(read, file);
        };
    }

    // huggingface/safetensors, README, "Format".
    private static void header(Map<String, Tensor> read, byte[] file) {
        int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        Map<?, ?> header = StrictJson.object(Arrays.copyOfRange(file, 8, 8 + length));
        int[] owners = new int[file.length - 8 - length];
        int tensors = 0;
        for (Map.Entry<?, ?> e : header.entrySet()) {
            if (e.getKey().equals("__metadata__")) continue;
            Map<?, ?> entry = (Map<?, ?>) e.getValue();
            Tensor t = read.get(e.getKey());
            Format.same(entry.get("dtype"), t.type, "dtype of " + e.getKey());
            Format.same(((List<?>) entry.get("shape")).stream().map(d -> ((BigDecimal) d).longValueExact()).toList(), t.shape,
                    "shape of " + e.getKey());
            List<?> offsets = (List<?>) entry.get("data_offsets");
            int from = ((BigDecimal) offsets.get(0)).intValueExact();
            int to = ((BigDecimal) offsets.get(1)).intValueExact();
            if (offsets.size() != 2 || !Arrays.equals(Arrays.copyOfRange(file, 8 + length + from, 8 + length + to), t.data))
                throw new AssertionError(e.getKey() + ": other bytes");
            for (int i = from; i < to; i++) owners[i]++;
            tensors++;
        }
        Format.same(tensors, read.size(), "tensors");
        if (Arrays.stream(owners).anyMatch(n -> n != 1)) throw new AssertionError("holes or overlaps");
    }

    private static void zip(Map<String, Tensor> read, byte[] file) throws IOException {
        Map<String, byte[]> entries = StoredZipWriter.read(file);
        for (Map.Entry<String, Tensor> t : read.entrySet()) {
            if (t.getValue().data.length == 0) continue;
            boolean there = entries.entrySet().stream().anyMatch(e -> e.getKey().contains("/data/")
                    && e.getValue().length >= t.getValue().data.length);
            if (!there) throw new AssertionError(t.getKey() + ": no storage can hold it");
        }
    }

    // No checksum and no directory: what can be known is that all tensors are the same, or that nothing was cut out or put in.
    private static void legacy(Map<String, Tensor> read, byte[] file) throws IOException {
        Map<String, Tensor> sound = tensors(SEEDS.resolve("legacy.bin"));
        if (read.keySet().equals(sound.keySet()) && read.entrySet().stream().allMatch(e -> e.getValue().same(sound.get(e.getKey())))) return;
        Format.same(Files.size(SEEDS.resolve("legacy.bin")), (long) file.length, "length");
        Format.same(18, read.size(), "tensors");
    }

    private static Format.Check shards(Path folder) {
        Map<String, String> read = new TreeMap<>();
        try (WeightFiles files = WeightFiles.open(folder)) {
            files.tensors().forEach((name, t) -> read.put(name, t.file().getFileName().toString()));
        }
        return file -> {
            Format.same(new TreeMap<>((Map<?, ?>) StrictJson.object(file).get("weight_map")), read, "weight_map");
            for (String shard : List.copyOf(read.values())) {
                try (WeightFile whole = WeightFile.open(folder.resolve(shard))) {
                    for (String name : whole.tensors().keySet()) Format.same(shard, read.get(name), "shard of " + name);
                }
            }
        };
    }

    private static Format.Check adapterConfig(Path folder) {
        LoraFile read = LoraFile.read(folder);
        return file -> {
            Map<?, ?> json = StrictJson.object(file);
            Format.same(json.get("r"), BigDecimal.valueOf(read.spec().r()), "r");
            Format.same(((BigDecimal) json.get("lora_alpha")).doubleValue(), read.spec().alpha(), "lora_alpha");
            Object rs = Format.member(json, "use_rslora");
            Format.same(rs == null ? false : rs, read.spec().rsLora(), "use_rslora");
            Object base = Format.member(json, "base_model_name_or_path");
            Format.same(base == null ? "" : base, read.base(), "base_model_name_or_path");
            for (String flag : List.of("use_dora", "fan_in_fan_out"))
                Format.same(false, json.get(flag) == null || Format.member(json, flag) == null ? false : json.get(flag), flag);
            for (String none : List.of("modules_to_save", "rank_pattern", "alpha_pattern")) {
                Object value = Format.member(json, none);
                if (value != null && !(value instanceof Map<?, ?> m && m.isEmpty()) && !(value instanceof List<?> l && l.isEmpty()))
                    throw new AssertionError(none + ": " + value);
            }
            Object bias = Format.member(json, "bias");
            Format.same("none", bias == null ? "none" : bias, "bias");
        };
    }

    private static Format.Check adapterWeights(Path folder) {
        LoraFile read = LoraFile.read(folder);
        Format.Check tensors = weightsOf(folder.resolve(LoraFile.WEIGHTS));
        return file -> {
            tensors.check(file);
            for (LoraFile.Module m : read.modules().values()) {
                Format.same(2, m.r(), "r");
                Format.same(m.r() * m.in(), m.a().length, "A");
                Format.same(m.r() * m.out(), m.b().length, "B");
            }
        };
    }

    private static Format.Check weightsOf(Path file) {
        Map<String, Tensor> read = tensors(file);
        return bytes -> header(read, bytes);
    }
}
