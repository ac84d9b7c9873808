/// A reader of Python pickles that know tensors, names and plain containers and nothing else: it builds descriptions, and can run no code because it
/// has no way to call any; and a writer of those of state dicts. It is no general unpickler (a class, a function or an opcode outside its lists is
/// refused by name), and it knows neither zip archives nor element bytes. Start with [Unpickler], then [PickleValue].
package lucid.nn.file.pickle;
