package lucid.kernels.ptx.memory.shadow;

import java.util.Arrays;
import lucid.kernels.ptx.memory.order.Clock;
import lucid.kernels.ptx.memory.order.Newest;
import lucid.kernels.ptx.memory.order.Runs;
import lucid.kernels.ptx.memory.order.Snapshot;
import lucid.kernels.ptx.memory.order.Stamp;

/// The readers of a page of shared memory, agent by agent: of every warp, and of every warp's copies, the last read of each granule.
///
/// Nothing is compared when somebody reads, and little when somebody writes: an agent whose newest read of the whole page has happened before needs
/// no closer look, and behind a barrier that is true of all.
final class AgentReaders extends Readers {
    private static final int AGENTS = Snapshot.View.AGENTS;
    /// Ranges that one agent keeps as such.
    private static final int RANGES = 16;

    /// One warp's reads, or those of its copies.
    private static final class Agent {
        final long identity;
        /// Null as long as it has read ranges only.
        long[] stamps;
        int newest;
        /// Reads of large ranges (bulk copies, `wgmma`): first and last granule and stamp of each.
        final int[] from = new int[RANGES];
        final int[] to = new int[RANGES];
        final long[] reads = new long[RANGES];
        int ranges;

        Agent(long identity) {
            this.identity = identity;
        }
    }

    private Agent[] agents = new Agent[4];
    private int count;
    /// By number, the first block's.
    private final Agent[] known = new Agent[AGENTS];
    private final Newest newest = new Newest();

    AgentReaders(int bytes, int shift) {
        super(bytes, shift);
    }

    @Override
    void refine() {
        shift--;
        for (int i = 0; i < count; i++) {
            Agent agent = agents[i];
            agent.stamps = Shadow.twice(agent.stamps, granules());
            for (int r = 0; r < agent.ranges; r++) {
                agent.from[r] *= 2;
                agent.to[r] *= 2;
            }
        }
    }

    /// The agent of a stamp, who reads now.
    private Agent reader(long stamp) {
        int number = Stamp.agent(stamp);
        Agent agent = known[number];
        if (agent == null || agent.identity != Stamp.identity(stamp)) {
            agent = find(stamp, number);
        }
        int time = Stamp.time(stamp);
        if (time > agent.newest) {
            agent.newest = time;
            newest.note(stamp);
        }
        return agent;
    }

    private Agent find(long stamp, int number) {
        for (int i = 0; i < count; i++) {
            if (agents[i].identity == Stamp.identity(stamp)) {
                return agents[i];
            }
        }
        var agent = new Agent(Stamp.identity(stamp));
        if (count == agents.length) {
            agents = Arrays.copyOf(agents, 2 * count);
        }
        agents[count++] = agent;
        if (known[number] == null) {
            known[number] = agent;
        }
        return agent;
    }

    @Override
    void note(int g, long stamp, Clock clock, int lane) {
        note(reader(stamp), g, stamp, clock, lane);
    }

    private long[] stamps(Agent agent) {
        if (agent.stamps == null) {
            agent.stamps = new long[granules()];
        }
        return agent.stamps;
    }

    private void note(Agent agent, int g, long stamp, Clock clock, int lane) {
        long last = stamps(agent)[g];
        if (!clock.own(stamp)) {
            // Copies may land in another order than they were issued.
            agent.stamps[g] = Stamp.time(last) > Stamp.time(stamp) ? last : stamp;
            return;
        }
        boolean merged = last != 0 && Stamp.lane(last) != lane && !clock.before(last, lane);
        agent.stamps[g] = merged ? Stamp.withLane(stamp, Stamp.MANY) : stamp;
    }

    @Override
    void noteRun(int from, int n, int laneShift, long stamp, Clock clock) {
        Agent agent = reader(stamp);
        if (clock.lanesAgree() && Runs.noOtherLaneSince(stamps(agent), from, n, laneShift, clock.synced())) {
            Runs.fill(agent.stamps, from, n, laneShift, stamp);
            return;
        }
        for (int i = 0; i < n; i++) {
            int lane = i >> laneShift;
            note(agent, from + i, stamp | lane, clock, lane);
        }
    }

    @Override
    void noteLanes(int mask, int crowded, long[] addresses, long origin, int width, long stamp, Clock clock) {
        Agent agent = reader(stamp);
        long[] stamps = stamps(agent);
        boolean agree = clock.lanesAgree();
        if (agree && crowded == mask) {
            noteCrowded(mask, addresses, origin, width, stamps, stamp | Stamp.MANY);
            return;
        }
        int synced = clock.synced();
        for (int left = mask; left != 0; left &= left - 1) {
            int number = Integer.numberOfTrailingZeros(left);
            int lane = (crowded >>> number & 1) != 0 ? Stamp.MANY : number;
            int from = (int) (addresses[number] - origin) >> shift;
            for (int g = from; g < from + width; g++) {
                long last = stamps[g];
                if (agree) {
                    stamps[g] = stamp | (Stamp.time(last) >= synced && Stamp.lane(last) != lane ? Stamp.MANY : lane);
                } else {
                    note(agent, g, stamp | lane, clock, lane);
                }
            }
        }
    }

    @Override
    boolean noteDense(int from, int n, long stamp, Clock clock) {
        if (!clock.lanesAgree()) {
            return false;
        }
        Arrays.fill(stamps(reader(stamp)), from, from + n, stamp);
        return true;
    }

    /// Every place is read by several lanes: what was there before does not matter.
    private void noteCrowded(int mask, long[] addresses, long origin, int width, long[] stamps, long stamp) {
        for (int left = mask; left != 0; left &= left - 1) {
            int from = (int) (addresses[Integer.numberOfTrailingZeros(left)] - origin) >> shift;
            for (int g = from; g < from + width; g++) {
                stamps[g] = stamp;
            }
        }
    }

    @Override
    void noteRange(int from, int to, long stamp, Clock clock) {
        Agent agent = reader(stamp);
        if (clock.own(stamp) && Stamp.lane(stamp) != Stamp.MANY) {
            for (int g = from; g < to; g++) {
                note(agent, g, stamp, clock, Stamp.lane(stamp));
            }
            return;
        }
        for (int r = 0; r < agent.ranges; r++) {
            if (agent.from[r] == from && agent.to[r] == to) {
                agent.reads[r] = Stamp.time(agent.reads[r]) > Stamp.time(stamp) ? agent.reads[r] : stamp;
                return;
            }
        }
        if (agent.ranges == RANGES) {
            spread(agent, clock);
        }
        agent.from[agent.ranges] = from;
        agent.to[agent.ranges] = to;
        agent.reads[agent.ranges++] = stamp;
    }

    /// Turns the ranges into stamps of their granules.
    private void spread(Agent agent, Clock clock) {
        long[] stamps = stamps(agent);
        for (int r = 0; r < agent.ranges; r++) {
            long read = agent.reads[r];
            for (int g = agent.from[r]; g < agent.to[r]; g++) {
                long last = stamps[g];
                if (Stamp.time(last) <= Stamp.time(read)) {
                    stamps[g] = read;
                } else if (clock.own(read) && !clock.before(read, Stamp.lane(last))) {
                    stamps[g] = Stamp.withLane(last, Stamp.MANY);
                }
            }
        }
        agent.ranges = 0;
    }

    @Override
    boolean runBefore(int from, int n, int laneShift, Clock clock) {
        if (newest.before(clock)) {
            return true;
        }
        for (int i = 0; i < count; i++) {
            Agent agent = agents[i];
            if (!clock.follows(agent.identity, agent.newest)
                    && !((agent.stamps == null || Runs.ordered(agent.stamps, from, n, laneShift, clock)) && rangesBefore(agent, from, n, clock))) {
                return false;
            }
        }
        return true;
    }

    @Override
    boolean allBefore(int from, int n, Clock clock) {
        if (newest.before(clock)) {
            return true;
        }
        for (int i = 0; i < count; i++) {
            Agent agent = agents[i];
            if (!clock.follows(agent.identity, agent.newest)
                    && !((agent.stamps == null || Runs.settled(agent.stamps, from, n, clock)) && rangesBefore(agent, from, n, clock))) {
                return false;
            }
        }
        return true;
    }

    private static boolean rangesBefore(Agent agent, int from, int n, Clock clock) {
        for (int r = 0; r < agent.ranges; r++) {
            if (agent.from[r] < from + n && from < agent.to[r] && !clock.beforeAnyLane(agent.reads[r])) {
                return false;
            }
        }
        return true;
    }

    @Override
    long unordered(int g, long stamp, Clock clock) {
        if (newest.before(clock)) {
            return 0;
        }
        int lane = Stamp.lane(stamp);
        for (int i = 0; i < count; i++) {
            Agent agent = agents[i];
            long read = agent.stamps == null ? 0 : agent.stamps[g];
            if (read != 0 && !clock.before(read, lane) && !Stamp.morallyStrong(read, stamp)) {
                return read;
            }
            for (int r = 0; r < agent.ranges; r++) {
                if (agent.from[r] <= g && g < agent.to[r] && !clock.before(agent.reads[r], lane)) {
                    return agent.reads[r];
                }
            }
        }
        return 0;
    }

    @Override
    int end(int from, int to) {
        int end = to;
        for (int i = 0; i < count; i++) {
            Agent agent = agents[i];
            end = Runs.end(agent.stamps, from, end);
            for (int r = 0; r < agent.ranges; r++) {
                end = agent.from[r] > from ? Math.min(end, agent.from[r]) : agent.to[r] > from ? Math.min(end, agent.to[r]) : end;
            }
        }
        return end;
    }

    /// Reads that have happened before a write have also happened before whatever comes after it, so that they may stay.
    @Override
    void written(int from, int n) {}

    @Override
    void writtenBy(int mask, long[] addresses, long origin, int width) {}

    @Override
    void clear(int from, int n) {
        for (int i = 0; i < count; i++) {
            Agent agent = agents[i];
            if (agent.stamps != null) {
                Arrays.fill(agent.stamps, from, from + n, 0);
            }
            for (int r = agent.ranges - 1; r >= 0; r--) {
                if (agent.from[r] < from + n && from < agent.to[r]) {
                    cut(agent, r, from, from + n);
                }
            }
        }
    }

    private void cut(Agent agent, int r, int from, int to) {
        long[] stamps = stamps(agent);
        for (int g = agent.from[r]; g < agent.to[r]; g++) {
            if ((g < from || g >= to) && Stamp.time(stamps[g]) <= Stamp.time(agent.reads[r])) {
                stamps[g] = agent.reads[r];
            }
        }
        int last = --agent.ranges;
        agent.from[r] = agent.from[last];
        agent.to[r] = agent.to[last];
        agent.reads[r] = agent.reads[last];
    }

    @Override
    long at(int g) {
        for (int i = 0; i < count; i++) {
            if (agents[i].stamps != null && agents[i].stamps[g] != 0) {
                return agents[i].stamps[g];
            }
        }
        return 0;
    }
}
