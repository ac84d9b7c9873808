package lucid.kernels.ptx.text;

/// Reads a module's text.
final class Parser {
    private final String name;

    Parser(String name, String text) {
        this.name = name;
    }

    PtxModule module() {
        throw new PtxSyntaxException(name, 1, "the parser is being written");
    }
}
