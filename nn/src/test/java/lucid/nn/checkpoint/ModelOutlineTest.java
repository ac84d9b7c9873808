package lucid.nn.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.nn.config.ConfigException;
import lucid.nn.config.ConfigFile;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.model.Toy;
import lucid.nn.weights.Declaration;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.nn.weights.WeightSource;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.Test;

class ModelOutlineTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    /// The published numbers, to the parameter.
    @Test void publishedSizes() {
        ModelOutline o = ModelOutline.of(ModelTemplate.shipped("tinyllava-video-r1").config());
        assertEquals(3_629_878_336L, o.count());
        assertEquals(3_085_938_688L, o.count(n -> n.startsWith(TinyLlavaVideo.DECODER)));
        assertEquals(428_225_600L, o.count(n -> n.startsWith(TinyLlavaVideo.VISION)));
        assertEquals(115_714_048L, o.count(n -> n.startsWith(TinyLlavaVideo.CONNECTOR)));
        assertEquals(3_201_652_736L, o.count(TinyLlavaVideo::decoderOrConnector));
        assertEquals(311_164_928L, o.count(n -> n.contains("embed_tokens")));
        assertEquals(77_076_992L, o.count(n -> n.contains("language_model.model.layers.35.")));
        assertEquals(15_239_504L, o.count(n -> n.contains("encoder.layers.26.")));
        assertEquals(37_761_024L, o.count(n -> n.contains("_connector.layers.2.")));
        assertEquals(2_361_344L, o.count(n -> n.contains("_connector.linear.")));
        assertEquals(65_536L, o.count(n -> n.contains("_connector.latents")));
        assertEquals(3_085_938_688L, ModelOutline.of(ModelTemplate.shipped("qwen2.5-3b").config()).count());
        assertEquals(428_225_600L, ModelOutline.of(ModelTemplate.shipped("siglip-so400m-patch14-384").config()).count());
    }

    @Test void outlineIsTheModelsOwnList() {
        ModelOutline o = ModelOutline.of(new ModelOutline.Video(Toy.CONFIG));
        try (Device device = new ReferenceDevice(); TinyLlavaVideo model = Toy.model(device, 1)) {
            assertEquals(model.parameters().all().stream().map(p -> p.name() + p.shape()).toList(),
                    o.parameters().stream().map(d -> d.name() + new lucid.tensor.Shape(d.shape())).toList());
        }
    }

    @Test void everyArchitectureIsRead() {
        assertTrue(ModelOutline.of(ConfigFile.read(GOLDEN.resolve("tinyllava_video/one_video_16f/model")))
                .architecture() instanceof ModelOutline.Video);
        assertTrue(ModelOutline.of(ConfigFile.read(GOLDEN.resolve("qwen2/tiny_tied_f32/model"))).architecture() instanceof ModelOutline.Text);
        assertTrue(ModelOutline.of(ConfigFile.read(GOLDEN.resolve("siglip/tiny/model"))).architecture() instanceof ModelOutline.Vision);
        ConfigFile other = new ConfigFile("here", new com.fasterxml.jackson.databind.ObjectMapper().createObjectNode().put("model_type", "llama"));
        assertTrue(assertThrows(ConfigException.class, () -> ModelOutline.of(other)).getMessage().contains("here: model_type: found \"llama\""));
    }

    @Test void outlinesHaveNoMemoryAndNoKernelTakesThem() {
        List<Declaration> out = new java.util.ArrayList<>();
        try (Device device = new SimdDevice(1); ParameterSet p = new ParameterSet(device, WeightSource.outline(out, _ -> false));
                Scope scope = Scope.open(device)) {
            p.declare("huge", Role.LINEAR, 1 << 15, 1 << 15);
            assertEquals(0, device.peakBytes());
            Tensor small = p.declare("small", Role.LINEAR, 2, 3);
            Tensor x = Tensor.zeros(scope, 1, 3);
            assertThrows(IllegalArgumentException.class, () -> x.linear(small, null));
        }
        assertEquals(List.of(new Declaration("huge", Role.LINEAR, 1 << 15, 1 << 15), new Declaration("small", Role.LINEAR, 2, 3)), out);
    }
}
