package lucid.nn.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The expected values are what `huggingface_hub.constants` has for the same environments.
class HubSettingsTest {
    @TempDir Path home;

    private HubSettings of(String... env) {
        Map<String, String> map = new java.util.HashMap<>();
        for (int i = 0; i < env.length; i += 2) map.put(env[i], env[i + 1]);
        return HubSettings.of(map, home);
    }

    @Test void placesOfTheCache() {
        assertEquals(home.resolve(".cache/huggingface/hub"), of().cache());
        assertEquals(Path.of("/x/huggingface/hub"), of("XDG_CACHE_HOME", "/x").cache());
        assertEquals(Path.of("/h/hub"), of("XDG_CACHE_HOME", "/x", "HF_HOME", "/h").cache());
        assertEquals(Path.of("/old"), of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/old").cache());
        assertEquals(Path.of("/new"), of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/old", "HF_HUB_CACHE", "/new").cache());
        assertEquals(home.resolve("models/hub"), of("HF_HOME", "~/models").cache());
        assertEquals(Path.of("/disk/me/hub"), of("HF_HOME", "$DISK/${USER}", "DISK", "/disk", "USER", "me").cache());
    }

    @Test void tokens() throws IOException {
        assertNull(of().token());
        assertEquals("hf_a", of("HF_TOKEN", " hf_a\n").token());
        assertEquals("hf_b", of("HUGGING_FACE_HUB_TOKEN", "hf_b", "HF_TOKEN", "").token());
        assertNull(of("HF_TOKEN", "hf_a", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token());
        Path file = home.resolve(".cache/huggingface/token");
        Files.createDirectories(file.getParent());
        Files.writeString(file, "hf_file\r\n");
        assertEquals("hf_file", of().token());
        assertEquals(file.toString(), of().tokenSource());
        assertEquals("hf_a", of("HF_TOKEN", "hf_a").token());
        Files.writeString(home.resolve("other"), "hf_other");
        assertEquals("hf_other", of("HF_TOKEN_PATH", home.resolve("other").toString()).token());
        assertThrows(IllegalArgumentException.class, () -> of("HF_TOKEN", "two words"));
    }

    @Test void switchesAndEndpoint() {
        for (String yes : new String[] {"1", "on", "YES", "True"}) assertTrue(of("HF_HUB_OFFLINE", yes).offline(), yes);
        for (String no : new String[] {"0", "", "off", "2"}) assertFalse(of("HF_HUB_OFFLINE", no).offline(), no);
        assertTrue(of("TRANSFORMERS_OFFLINE", "1").offline());
        assertTrue(of().links());
        assertFalse(of("HF_HUB_DISABLE_SYMLINKS", "1").links());
        assertEquals("https://huggingface.co", of().endpoint().toString());
        assertEquals("https://mirror.example/hub", of("HF_ENDPOINT", "https://mirror.example/hub/").endpoint().toString());
        assertThrows(IllegalArgumentException.class, () -> of("HF_ENDPOINT", "mirror"));
        assertThrows(IllegalArgumentException.class, () -> of("HF_ENDPOINT", "not an address"));
        assertEquals(77, of("HF_HUB_DOWNLOAD_TIMEOUT", "77").times().answer().toSeconds());
        assertEquals(10, of("HF_HUB_DOWNLOAD_TIMEOUT", "0").times().answer().toSeconds());
        assertThrows(IllegalArgumentException.class, () -> of("HF_HUB_DOWNLOAD_TIMEOUT", "-1"));
    }
}
