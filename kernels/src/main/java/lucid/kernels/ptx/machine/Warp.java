package lucid.kernels.ptx.machine;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Findings;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.launch.Counters;
import lucid.kernels.ptx.memory.Accessor;
import lucid.kernels.ptx.memory.Traffic;
import lucid.kernels.ptx.memory.order.Clock;
import lucid.kernels.ptx.memory.order.Snapshot;
import lucid.kernels.ptx.memory.unshared.LocalMemory;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Instruction;

/// 32 lanes with their registers. Register files are structures of arrays: lane `l` of slot `s` is at `s * 32 + l`.
///
/// Immediates, special registers and addresses of symbols are slots too, filled once when the warp starts (see
/// [lucid.kernels.ptx.machine.decoding.Decoding]): a step reads every source the same way. Lanes run in lockstep as long as they agree; when they do
/// not, the group with the lowest program counter runs first and joins the others where it meets them (see [LaneGroups]).
public final class Warp implements Accessor {
    /// Instructions that one group of lanes may run before another group of the same warp gets its turn.
    private static final int FAIRNESS = 4096;

    /// What [#resume] ended with.
    enum State { PAUSED, YIELDED, WAITING, EXITED }

    /// Types of up to 32 bits; f32 as raw bits, 8- and 16-bit values in the low bits with zeros above.
    public final int[] words;
    /// 64-bit types; f64 as raw bits.
    public final long[] wides;
    /// One lane mask per predicate.
    public final int[] predicates;
    /// Scratch of the memory steps: an address per lane.
    public final long[] addresses = new long[32];
    /// Scratch of the memory steps: up to four words per lane, word `w` of lane `l` at `w * 32 + l`.
    public final int[] staging = new int[4 * 32];
    /// Lanes that exist and have not exited.
    public int live;
    /// Lanes that existed when the warp started.
    public final int started;
    public final Block block;
    /// Index in the block.
    public final int index;
    public final LocalMemory local;

    /// Which lanes of a declared register have been written; kept only for registers that [lucid.kernels.ptx.machine.decoding.Initialisation] cannot
    /// prove.
    final int[] ready;
    /// True while the scheduler lets instructions that wait in vain for convergence go on, after a finding.
    boolean forced;
    /// Failed polls since something last changed in the cluster.
    int polls;
    /// Instructions that did not have to wait.
    long completed;

    private final Program program;
    private final Counters counters;
    private final Clock clock;
    private final LaneGroups others = new LaneGroups();
    private int at;
    private int active;
    private int turn;
    private int limit = Integer.MAX_VALUE;
    private int sinceSwitch;
    private Supplier<String> waitsFor;
    private int unused;
    private int waits;
    private long clockReads;
    /// By program counter: lanes that a group found alive when it began to wait for convergence there.
    private final Map<Integer, Integer> expected = new HashMap<>(0);

    Warp(Block block, int index, int lanes) {
        this.block = block;
        this.index = index;
        this.program = block.cluster.grid.program;
        this.counters = block.cluster.counters;
        this.clock = new Clock(block.index, index, block.cluster.index);
        this.local = new LocalMemory(program.entry.local());
        this.words = program.constants.words();
        this.wides = program.constants.wides();
        this.predicates = new int[program.predicates];
        this.ready = new int[program.registers];
        this.live = lanes;
        this.started = lanes;
        this.active = lanes;
        program.constants.fill(this);
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public Findings findings() {
        return block.cluster.grid.findings;
    }

    @Override
    public Traffic traffic() {
        return counters.traffic;
    }

    @Override
    public String file() {
        return program.file;
    }

    /// The instruction that runs.
    @Override
    public Instruction instruction() {
        return instructionAt(at);
    }

    /// The instruction of that index; the last one for the implicit `exit` behind it.
    @Override
    public Instruction instructionAt(int pc) {
        var code = program.entry.instructions();
        return code.get(Math.min(pc, code.size() - 1));
    }

    /// The entry that runs.
    public Entry entry() {
        return program.entry;
    }

    /// Program counter of the running group.
    @Override
    public int at() {
        return at;
    }

    /// Lanes of the running group, before its guard.
    public int active() {
        return active;
    }

    /// Program counter of a lane, -1 when it has exited.
    public int at(int lane) {
        int bit = 1 << lane;
        if ((live & bit) == 0) {
            return -1;
        }
        for (int g = 0; g < others.count(); g++) {
            if ((others.mask(g) & bit) != 0) {
                return others.pc(g);
            }
        }
        return at;
    }

    /// Sends the lanes of `mask` to `target`; the other lanes of the running group go on behind this instruction. Return [Step#JUMPED] afterwards.
    public void jump(int mask, int target) {
        int rest = active & ~mask;
        if (rest == 0) {
            at = target;
            if (others.count() != 0) {
                settle();
            }
            return;
        }
        others.add(at + 1, rest, turn, false);
        at = target;
        active = mask;
        settle();
    }

    /// Sends every lane of `mask` to its own target (32 entries); the other lanes of the running group go on behind this instruction.
    public void jump(int mask, int[] targets) {
        if ((active & ~mask) != 0) {
            others.add(at + 1, active & ~mask, turn, false);
        }
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            others.add(targets[lane], 1 << lane, turn, false);
        }
        active = 0;
        settle();
    }

    /// Ends the lanes of `mask`. Return [Step#JUMPED] afterwards.
    public void exit(int mask) {
        live &= ~mask;
        int rest = active & ~mask;
        if (rest != 0) {
            others.add(at + 1, rest, turn, false);
        }
        active = 0;
        settle();
        block.lanesExited(this);
    }

    /// Says what the running instruction waits for; the step returns the result: [Step#WAIT].
    public int await(Supplier<String> what) {
        waitsFor = what;
        return Step.WAIT;
    }

    /// Says what the running instruction polled in vain; the step returns the result: [Step#YIELD].
    public int poll(Supplier<String> what) {
        waitsFor = what;
        polls++;
        return Step.YIELD;
    }

    /// Reports a finding at the running instruction; `lane` is -1 for the whole warp.
    public void finding(Kind kind, int lane, String message) {
        finding(kind, lane, -1, 0, message, null);
    }

    /// Reports a finding at the running instruction.
    public void finding(Kind kind, int lane, long address, long value, String message, Finding.Site earlier) {
        findings().add(new Finding(kind, site(lane), address, value, message, earlier, 1));
    }

    @Override
    public Finding.Site site(int lane) {
        return new Finding.Site(program.file, instruction(), block.index, index, lane);
    }

    /// A clock that only grows: instructions that the warp has completed. There is no timing model behind it.
    public long ticks() {
        return completed + ++clockReads;
    }

    /// The lanes of `mask` have met: their accesses so far happened before their next ones.
    public void synchronised(int mask) {
        clock.warpSync(mask);
    }

    /// The lanes of `mask` have passed a barrier: what others did before they arrived happened before.
    void synchronised(Snapshot past, int mask) {
        clock.acquire(past, mask);
        clock.warpSync(mask);
    }

    /// Ends the whole cluster (`trap`). Return [Step#JUMPED] afterwards.
    public void trap() {
        block.cluster.trapped = true;
        active = 0;
    }

    /// Remembers which lanes the running instruction waits for, see [Convergence].
    void expect(int lanes) {
        expected.merge(at, lanes, (a, b) -> a | b);
    }

    /// The lanes that were waited for at the running instruction, which are forgotten.
    int expected() {
        Integer lanes = expected.isEmpty() ? null : expected.remove(at);
        return lanes == null ? 0 : lanes;
    }

    boolean awaitsConvergence() {
        return !expected.isEmpty();
    }

    void fillWord(int slot, int value) {
        Arrays.fill(words, slot * 32, slot * 32 + 32, value);
    }

    /// What the warp waited or polled for last; null when it never did.
    String waitsFor() {
        return waitsFor == null ? null : waitsFor.get();
    }

    /// Runs until the quantum is used up, all lanes wait, a poll failed, or all lanes have exited.
    State resume(int quantum) {
        if (live == 0) {
            return State.EXITED;
        }
        if (active == 0) {
            others.wake();
            settle();
        }
        waits = 0;
        State state = run(quantum);
        int used = quantum - unused;
        completed += used - waits;
        block.cluster.executed(used);
        return state;
    }

    private State run(int quantum) {
        Step[] steps = program.steps;
        int[] guards = program.guards;
        long[] executions = counters.executions;
        long[] lanes = counters.lanes;
        for (int left = quantum; left > 0; left--) {
            int pc = at;
            int mask = active;
            executions[pc]++;
            int result = Step.NEXT;
            if (guards[pc] != Program.UNGUARDED) {
                mask = guarded(guards[pc], mask);
            }
            if (mask != 0) {
                lanes[pc] += Integer.bitCount(mask);
                result = steps[pc].run(this, mask);
            } else if (program.observer != null) {
                program.observer.skipped(this);
            }
            if (result == Step.NEXT) {
                at = pc + 1;
                if (pc + 1 >= limit) {
                    meet();
                }
            } else if (result != Step.JUMPED || active == 0) {
                State state = interrupt(result, mask);
                if (state != null) {
                    unused = left - 1;
                    return state;
                }
            }
        }
        unused = 0;
        rotate(quantum);
        return State.PAUSED;
    }

    /// The running instruction did not simply end: what the warp goes on with; null when another group of it runs on.
    private State interrupt(int result, int mask) {
        if (result == Step.WAIT) {
            waits++;
            counters.executions[at]--;
            counters.lanes[at] -= Integer.bitCount(mask);
            if (mask == active && others.count() == 0) {
                return State.WAITING;
            }
            return park(mask) ? null : State.WAITING;
        }
        if (result == Step.YIELD) {
            yieldTurn();
            return State.YIELDED;
        }
        return live == 0 ? State.EXITED : State.WAITING;
    }

    private int guarded(int guard, int mask) {
        int value = predicates[guard >>> Program.GUARD_SHIFT];
        if ((guard & Program.GUARD_UNPROVEN) != 0) {
            Readiness.guard(this, mask, guard >>> Program.GUARD_SHIFT, program);
        }
        return mask & ((guard & Program.GUARD_NEGATED) == 0 ? value : ~value);
    }

    /// The running group has reached the next one: they go on together.
    private void meet() {
        int group = others.at(at);
        if (group >= 0) {
            active |= others.mask(group);
            turn = Math.max(turn, others.turn(group));
            others.remove(group);
        }
        limit = others.above(at);
    }

    /// The lanes of `mask` wait at this instruction, the others of the group go on; false when no group of the warp can run.
    private boolean park(int mask) {
        int rest = active & ~mask;
        others.add(at, mask, turn, true);
        active = 0;
        if (rest != 0) {
            others.add(at + 1, rest, turn, false);
        }
        settle();
        return active != 0;
    }

    private void yieldTurn() {
        at++;
        if (others.count() != 0) {
            turn++;
            sinceSwitch = 0;
            settle();
        }
    }

    private void rotate(int quantum) {
        if (others.count() != 0) {
            sinceSwitch += quantum;
            if (sinceSwitch >= FAIRNESS) {
                turn++;
                sinceSwitch = 0;
                settle();
            }
        }
    }

    /// Chooses the group that runs, after the running one has jumped, parked or given up its turn.
    private void settle() {
        if (active != 0) {
            others.add(at, active, turn, false);
        }
        int group = others.next();
        if (group < 0) {
            active = 0;
            return;
        }
        at = others.pc(group);
        active = others.mask(group);
        turn = others.turn(group);
        others.remove(group);
        if (others.count() == 0) {
            turn = 0;
            limit = Integer.MAX_VALUE;
        } else {
            limit = others.above(at);
        }
    }
}
