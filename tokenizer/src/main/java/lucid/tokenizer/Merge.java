package lucid.tokenizer;

/// One BPE merge: ids `left` and `right`, side by side, become `result`. Its rank is its place in the list of merges; lower ranks are merged first.
public record Merge(int left, int right, int result) {}
