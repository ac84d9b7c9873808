package lucid.bench;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;
import lucid.bench.probe.ReadBandwidth;
import lucid.kernels.simd.work.Workers;
import lucid.nn.model.Checkpoint;

/// The weights that every token reads, and a loop that only reads them, in turn with an answer's tokens: a shared machine's memory has another speed a
/// second later, and after the answer the loop would be compared with a speed that the tokens never had. Hears the answer as it comes, and who
/// hears does not count in an answer's time.
final class TokenWeights implements Consumer<String> {
    /// Bytes of a weight from which the loop is timed; the share of smaller ones in a pass is nothing.
    private static final int LEAST = 1 << 14;
    /// Pieces of the answer, about as many tokens, between two turns of the loop. A turn is two passes that count and two that do not.
    private static final int PIECES = 8;

    private final ReadBandwidth loop;
    private final double bytes;
    private final boolean inTurn;
    private int pieces;

    /// @param inTurn whether the loop runs between tokens; otherwise once, when its speed is asked for
    TokenWeights(Checkpoint checkpoint, Workers workers, boolean inTurn) {
        List<MemorySegment> weights = checkpoint.readByEveryToken().stream()
                .map(t -> MemorySegment.ofAddress(t.data().address()).reinterpret(t.data().byteSize())).toList();
        bytes = weights.stream().mapToDouble(MemorySegment::byteSize).sum();
        loop = new ReadBandwidth(weights.stream().filter(w -> w.byteSize() >= LEAST).toList(), workers);
        this.inTurn = inTurn;
    }

    @Override public void accept(String piece) {
        if (inTurn && ++pieces % PIECES == 0) loop.run(1);
    }

    /// What a token reads.
    double bytes() { return bytes; }

    /// Of all the loop's turns.
    double gigabytesPerSecond() {
        if (pieces < PIECES) loop.run(PIECES);
        return loop.gigabytesPerSecond();
    }
}
