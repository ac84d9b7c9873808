/// What changes a row of logits before a token is drawn from it: penalties, masks, biases, and the filters that the device's sampler does not have.
/// It draws nothing and knows no model; temperature, top-k, top-p and min-p are [lucid.kernels.contract.Sampling]'s, and what never uses this package
/// never leaves the device. Start with [LogitsProcessors]; each record states its formula and source.
package lucid.nn.generate.processor;
