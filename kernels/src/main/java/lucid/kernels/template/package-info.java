/// The deterministic macro layer over PTX: templates (`kernels/src/main/ptx/*.ptx.in`) become the plain `.ptx` files that are committed, reviewed and
/// loaded. It knows nothing of what an instruction means, and nothing of it is needed when a kernel runs.
/// Start with [TemplateTool] for the command, then [Template] for the language.
package lucid.kernels.template;
