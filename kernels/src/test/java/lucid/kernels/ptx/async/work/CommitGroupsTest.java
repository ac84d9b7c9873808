package lucid.kernels.ptx.async.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommitGroupsTest {
    private final CommitGroups<String> groups = new CommitGroups<>();

    @Test
    void allButTheNewestGroups() {
        for (String name : List.of("a", "b", "c")) {
            groups.add(name, -1);
            groups.commit(-1);
        }
        assertEquals(List.of(), taken(-1, 3));
        assertEquals(List.of("a:ffffffff"), taken(-1, 2));
        assertEquals(List.of("b:ffffffff", "c:ffffffff"), taken(-1, 0));
        assertTrue(groups.isEmpty());
    }

    @Test
    void anOpenGroupIsNotCovered() {
        groups.add("a", -1);
        assertEquals(List.of(), taken(-1, 0));
        groups.commit(-1);
        assertEquals(List.of("a:ffffffff"), taken(-1, 0));
    }

    @Test
    void anEmptyGroupCounts() {
        groups.add("a", -1);
        groups.commit(-1);
        groups.commit(-1);
        assertEquals(List.of("a:ffffffff"), taken(-1, 1));
    }

    @Test
    void lanesCountForThemselves() {
        groups.add("a", 0b11);
        groups.commit(0b01);
        groups.add("b", 0b11);
        groups.commit(0b11);
        assertEquals(List.of("a:1"), taken(0b11, 1), "lane 0 has two groups, lane 1 has both in one");
        assertEquals(List.of("a:2", "b:3"), taken(0b11, 0));
    }

    @Test
    void oneLaneMayWaitWhileAnotherDoesNot() {
        groups.add("a", 0b11);
        groups.commit(0b11);
        assertEquals(List.of("a:2"), taken(0b10, 0));
        assertFalse(groups.isEmpty());
        assertEquals(List.of("a:1"), taken(-1, 0));
    }

    @Test
    void aWaitForReadsLeavesTheWorkInItsGroup() {
        groups.add("a", 1);
        groups.commit(1);
        var seen = new ArrayList<String>();
        groups.await(1, 0, false, (work, lanes) -> seen.add(work));
        groups.await(1, 0, true, (work, lanes) -> seen.add(work));
        assertEquals(List.of("a", "a"), seen);
        assertTrue(groups.isEmpty());
    }

    @Test
    void waitAllTakesOpenGroupsToo() {
        groups.add("a", -1);
        groups.commit(-1);
        groups.add("b", -1);
        var seen = new ArrayList<String>();
        groups.awaitAll(-1, (work, lanes) -> seen.add(work));
        assertEquals(List.of("a", "b"), seen);
    }

    @Test
    void theLargestCountKeepsEverything() {
        groups.add("a", -1);
        groups.commit(-1);
        assertEquals(List.of(), taken(-1, Integer.MAX_VALUE));
    }

    private List<String> taken(int lanes, int keep) {
        var seen = new ArrayList<String>();
        groups.await(lanes, keep, true, (work, covered) -> seen.add(work + ":" + Integer.toHexString(covered)));
        return seen;
    }
}
