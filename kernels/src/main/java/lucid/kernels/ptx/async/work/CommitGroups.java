package lucid.kernels.ptx.async.work;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Iterator;

/// The groups in which the lanes of one warp wait for asynchronous work (`cp.async.commit_group`, `cp.async.bulk.commit_group`,
/// `wgmma.commit_group`).
///
/// Every lane counts its own groups; work belongs to the group that was open in each of its lanes when it was issued.
///
/// @param <T> what is issued
public final class CommitGroups<T> {
    /// What a wait does with work.
    @FunctionalInterface
    public interface Covered<T> {
        /// @param lanes the lanes of `work` for which the wait covers it
        void accept(T work, int lanes);
    }

    private static final class Member<T> {
        final T work;
        final int group;
        /// The open group of every lane, or null when `group` is that of all lanes.
        final int[] groups;
        int lanes;

        Member(T work, int lanes, int[] committed) {
            this.work = work;
            this.lanes = lanes;
            this.group = committed[Integer.numberOfTrailingZeros(lanes)];
            boolean same = true;
            for (int left = lanes; left != 0; left &= left - 1) {
                same &= committed[Integer.numberOfTrailingZeros(left)] == group;
            }
            this.groups = same ? null : committed.clone();
        }

        int groupOf(int lane) {
            return groups == null ? group : groups[lane];
        }
    }

    private final int[] committed = new int[32];
    private final ArrayDeque<Member<T>> members = new ArrayDeque<>();

    /// Work that the lanes have issued joins their open groups.
    public void add(T work, int lanes) {
        members.add(new Member<>(work, lanes, committed));
    }

    /// Closes the open groups of the lanes.
    public void commit(int lanes) {
        for (int left = lanes; left != 0; left &= left - 1) {
            committed[Integer.numberOfTrailingZeros(left)]++;
        }
    }

    /// Hands out, oldest first, what lies in all but the newest `keep` closed groups of the lanes.
    ///
    /// @param remove false to leave it in its group: a later wait will hand it out again
    public void await(int lanes, int keep, boolean remove, Covered<T> covered) {
        for (Iterator<Member<T>> all = members.iterator(); all.hasNext();) {
            Member<T> member = all.next();
            int done = 0;
            for (int left = lanes & member.lanes; left != 0; left &= left - 1) {
                int lane = Integer.numberOfTrailingZeros(left);
                done |= (long) member.groupOf(lane) + keep < committed[lane] ? 1 << lane : 0;
            }
            if (done == 0) {
                continue;
            }
            covered.accept(member.work, done);
            if (remove) {
                member.lanes &= ~done;
                if (member.lanes == 0) {
                    all.remove();
                }
            }
        }
    }

    /// Hands out and removes everything of the lanes, open groups included.
    public void awaitAll(int lanes, Covered<T> covered) {
        commit(lanes);
        await(lanes, 0, true, covered);
    }

    /// Everything that has not been removed, oldest first, with the lanes that are left.
    public void forEach(Covered<T> visitor) {
        members.forEach(m -> visitor.accept(m.work, m.lanes));
    }

    public boolean isEmpty() {
        return members.isEmpty();
    }

    @Override
    public String toString() {
        return members.size() + " pending, groups closed " + (Arrays.stream(committed).distinct().count() == 1 ? "" + committed[0]
                : Arrays.toString(committed));
    }
}
