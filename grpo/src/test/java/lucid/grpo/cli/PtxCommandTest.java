package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import lucid.nn.file.SafetensorsFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PtxCommandTest extends CommandTest {
    private static final String SCALE = """
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry scale(.param .u64 x, .param .u64 y, .param .f32 factor, .param .u32 n)
            .maxntid 64, 1, 1
            {
                .reg .pred outside;
                .reg .u32 i, block, count;
                .reg .f32 v, f;
                .reg .u64 px, py, offset;
                mov.u32 i, %tid.x;
                mov.u32 block, %ctaid.x;
                mad.lo.u32 i, block, 64, i;
                ld.param.u32 count, [n];
                setp.ge.u32 outside, i, count;
                @outside bra DONE;
                ld.param.u64 px, [x];
                ld.param.u64 py, [y];
                ld.param.f32 f, [factor];
                mul.wide.u32 offset, i, 4;
                add.u64 px, px, offset;
                add.u64 py, py, offset;
                ld.global.f32 v, [px];   // @src 5
                mul.rn.f32 v, v, f;
                st.global.f32 [py], v;
            DONE:
                ret;
            }
            """;

    @TempDir Path temp;
    private Path file;

    @BeforeEach void write() throws IOException {
        file = temp.resolve("scale.ptx");
        Files.writeString(file, SCALE);
    }

    private Object[] launch(String command, int elements, Object... more) {
        Object[] fixed = {"ptx", command, file, "--grid", 2, "--arg", "x=f32[" + elements + "]:iota", "--arg", "y=f32[100]:unset", "--arg",
                "factor=f32:0.5", "--arg", "n=u32:100"};
        return java.util.stream.Stream.concat(java.util.Arrays.stream(fixed), java.util.Arrays.stream(more)).toArray();
    }

    @Test void aCleanRunPrintsAndSaves() throws IOException {
        Path saved = temp.resolve("y.safetensors");
        String out = lucid(launch("run", 100, "--print", "y", "--save", "y=" + saved)).ok().out();
        assertTrue(out.contains("y = [0.0, 0.5, 1.0, 1.5") && out.contains("no findings") && out.contains("estimate for H200"), out);
        try (SafetensorsFile y = SafetensorsFile.open(saved)) {
            assertEquals(49.5f, y.tensor("y").toFloats()[99]);
        }
    }

    @Test void readingPastABufferIsAFinding() throws IOException {
        var run = lucid(launch("run", 99, "--json"));
        assertEquals(1, run.status());
        JsonNode finding = new ObjectMapper().readTree(run.out()).path("findings").get(0);
        assertEquals("out_of_bounds", finding.path("kind").asText());
        assertEquals(23, finding.at("/at/line").asInt());
        assertEquals(5, finding.at("/at/source").asInt());
        assertEquals(1, finding.at("/at/block").asInt());
        assertEquals(3, finding.at("/at/lane").asInt());
    }

    @Test void aTraceShowsRegistersBeforeAndAfter() throws IOException {
        String out = lucid(launch("trace", 100, "--block", 1, "--lane", 3)).ok().out();
        assertTrue(out.contains("mul.rn.f32 v, v, f") && out.contains("v = 67.0 -> 33.5; f = 0.5"), out);
        String some = lucid(launch("trace", 100, "--reg", "f", "--lane", 3)).ok().out();
        assertEquals(2, some.lines().count(), some);
        Path page = temp.resolve("page.html");
        lucid(launch("trace", 100, "--html", page)).ok();
        String html = Files.readString(page);
        assertTrue(html.contains("\"entry\":\"scale\"") && !html.contains("{{") && !html.contains("http"), "a page of its own");
        assertTrue(out.lines().anyMatch(l -> l.contains("@") && l.contains("bra") && l.contains("lane 3 does not run it")),
                "a branch that no lane takes shows as well: " + out);
        assertEquals(16, new ObjectMapper().readTree(lucid(launch("trace", 100, "--json")).ok().out()).path("events").size());
    }

    @Test void whatTheAssemblerSaysAsJson() throws IOException {
        JsonNode checked = new ObjectMapper().readTree(lucid("ptx", "check", file, "--json").ok().out());
        snakeCase(checked);
        assertTrue(checked.at("/0/accepted").asBoolean());
        assertEquals("scale", checked.at("/0/compilations/0/entries/0/entry").asText());
        assertEquals(0, checked.at("/0/compilations/0/entries/0/spill_store_bytes").asInt(-1));
    }

    @Test void statsCountsLines() {
        String still = lucid("ptx", "stats", file).ok().out();
        assertTrue(still.contains("16 instructions, 24 B parameters") && still.contains("st:1"), still);
        String ran = lucid(launch("stats", 100)).ok().out();
        assertTrue(ran.lines().anyMatch(l -> l.matches("\\s*23\\s+4\\s+100\\s+400\\s.*ld\\.global\\.f32 v.*")), ran);
    }

    @Test void says() throws IOException {
        lucid("ptx", "run", temp.resolve("no.ptx")).failedWith("no.ptx", "no such file");
        lucid("ptx", "run", file, "--arg", "z=u32:1").failedWith("no parameter 'z'");
        lucid("ptx", "run", file, "--arg", "n=u32:1").failedWith("no argument for x");
        lucid(launch("run", 100, "--print", "q")).failedWith("--print q", "[x, y]");
        lucid(launch("run", 100, "--block", "2000")).failedWith("2000 threads");
        lucid(launch("trace", 100, "--block", 7)).failedWith("ran nothing");
        lucid(launch("trace", 100, "--reg", "nosuch")).failedWith("no such register");
        Files.writeString(file, SCALE.replace("mul.rn.f32", "mul.rn.f33"));
        lucid(launch("run", 100)).failedWith("scale.ptx:24");
        assertEquals(2, lucid("ptx").status());
        assertFalse(Files.exists(temp.resolve("y.safetensors")));
    }
}
