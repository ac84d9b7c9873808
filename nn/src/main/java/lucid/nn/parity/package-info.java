/// Golden cases of models: runs what a case's `kind` names and compares every expected tensor within its stated tolerance.
/// It defines no model and no tolerance of its own, and it never skips in silence.
/// Start with [Parity].
package lucid.nn.parity;
