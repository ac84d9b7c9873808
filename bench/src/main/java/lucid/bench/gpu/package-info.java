/// `lucid bench --device cuda`: the GPU's kernels timed on the device's own clock, beside the floors of an H200. On the emulated GPU the same cases
/// run at toy sizes, so that the command is known to work before there is a GPU; their times say nothing.
/// It is not JMH: a GPU's work is measured by events in its stream, not by the host.
/// Start with [GpuBench].
package lucid.bench.gpu;
