package lucid.grpo.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.lang.reflect.Proxy;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.run.HashChain;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Where a run's chain of hashes begins is decided by what decides its bits. Keys that recipes could not name at first change nothing while they say
/// what their absence means.
class RecipeHashTest {
    private static final TrainingData DATA = (TrainingData) Proxy.newProxyInstance(TrainingData.class.getClassLoader(),
            new Class<?>[] {TrainingData.class}, (_, _, _) -> "content");

    /// Measured before those keys were there.
    @ParameterizedTest @CsvSource({"demo, 75318174f7b1d240c54915d598629033551083ed20a2a1a55d5827169b6402f2",
            "tinyllava-video-r1, 4d6c3396b32717dc8da40c38a7ebfdf479f10d07a315e335635626b5f12494e5",
            "tinyllava-video-r1-paper, 30c065b732ec14e7cb87b6ebb3edaf7cad2f1988842309efe197e2b8ae24814d",
                    "tinyllava-video-r1-coldstart, d96d212bcd7e50d9e5beffc382d394f106d881ea27945c3d449fcc1031e950a9",
            "tinyllava-video-r1-lora, b36c68e641fe17e9663a71b575127b01a70fcf251bb5fa005435df0350a18d20"})
    void shippedRecipesBeginWhereTheyAlwaysDid(String name, String hash) {
        assertEquals(hash, HashChain.of(RecipeHash.of(RecipeReader.read(name), DATA)));
    }

    @Test void aConstantThatIsNamedOtherwiseIsPartOfIt() {
        for (String[] change : new String[][] {{"\"malformed\" : -2.0", "\"malformed\" : -1.0"}, {"\"position\" : 0.5", "\"position\" : 0.02"},
                {"\"clips_per_step\" : 32", "\"clips_per_step\" : 16"}}) {
            assertNotEquals(RecipeHash.of(RecipeReader.read("demo"), DATA),
                    RecipeHash.of(RecipeReader.parse("mine", RecipeReader.write(RecipeReader.read("demo")).replace(change[0], change[1])), DATA));
        }
    }

    @Test void soDoOthers() {
        String demo = RecipeReader.write(RecipeReader.read("demo")).replace("\"temperature\" : 1.0", "\"temperature\" : 0.9");
        assertEquals("43c95ee86cb9130f6be42064a9258c7032ed16981a33993d25c668237a9809f4",
                HashChain.of(RecipeHash.of(RecipeReader.parse("mine", demo), DATA)));
    }
}
