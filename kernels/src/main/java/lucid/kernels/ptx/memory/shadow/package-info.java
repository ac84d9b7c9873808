/// What is remembered beside every byte that threads share: whether it has a value, who wrote it, who has read it since, and the page that holds both
/// bytes and memory of them. It does not decide what a race is called or how it is said: [lucid.kernels.ptx.memory.CheckedMemory] asks, and
/// [lucid.kernels.ptx.memory.Reports] says it. Start at [Shadow], then [Page] and [Readers].
package lucid.kernels.ptx.memory.shadow;
