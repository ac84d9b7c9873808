package lucid.kernels.ptx.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.ptx.machine.decoding.Decoding;
import lucid.kernels.ptx.text.syntax.SpecialRegister;

/// The register files that a warp starts with: literals are in a template that is copied, the rest is filled in warp by warp.
final class Constants {
    private record Special(int slot, Specials.Filler filler) {}

    private final int[] words;
    private final long[] wides;
    private final List<Special> specials = new ArrayList<>();
    private final List<Decoding.VariableAddress> addresses = new ArrayList<>();

    Constants(List<Decoding.Constant> constants, int wordSlots, int wideSlots) {
        words = new int[wordSlots * 32];
        wides = new long[wideSlots * 32];
        for (Decoding.Constant constant : constants) {
            switch (constant) {
                case Decoding.Word(int slot, int bits) -> Arrays.fill(words, slot * 32, slot * 32 + 32, bits);
                case Decoding.Wide(int slot, long bits) -> Arrays.fill(wides, slot * 32, slot * 32 + 32, bits);
                case Decoding.SpecialWord(int slot, SpecialRegister register) -> specials.add(new Special(slot, Specials.of(register)));
                case Decoding.VariableAddress address -> addresses.add(address);
            }
        }
    }

    int[] words() {
        return words.clone();
    }

    long[] wides() {
        return wides.clone();
    }

    void fill(Warp warp) {
        for (Special special : specials) {
            special.filler.fill(warp, special.slot);
        }
        for (Decoding.VariableAddress at : addresses) {
            long address = warp.block.addressOf(at.variable()) + at.offset();
            if (at.wide()) {
                Arrays.fill(warp.wides, at.slot() * 32, at.slot() * 32 + 32, address);
            } else {
                warp.fillWord(at.slot(), (int) address);
            }
        }
    }
}
