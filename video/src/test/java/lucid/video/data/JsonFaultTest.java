package lucid.video.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonFaultTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
            "[1|Unexpected end-of-input: expected close marker for Array", "[NaN]|Non-standard token 'NaN'",
                    "// one|Unexpected character ('/' (code 47))",
            "[1] [2]|found more behind the object", "[1000000000000]|found 1000000000000, wanted a whole number from -2147483648 to 2147483647",
                    "[yes]|Unrecognized token 'yes': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"})
    void nothingOfTheParsersOwnIsInIt(String json, String said) {
        ObjectMapper mapper = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        assertEquals(said, JsonFault.of(assertThrows(JsonProcessingException.class, () -> mapper.readValue(json, int[].class))));
    }
}
