"""The targets of Chowder, and whether a measurement reaches them."""

import dataclasses
import re

# After this time, OpenClaw treats a thaw as a recovery, which takes longer.
RECOVERY_SECONDS = 45
LONG_SECONDS = 600
# How long a pool member idles before its claim, and a claimed agent before the answer that its first one is compared with.
POOL_IDLE_SECONDS = 5
# Idle times of the targets, listed also if they were not measured.
TARGET_SECONDS = {5, 60, LONG_SECONDS}


@dataclasses.dataclass
class Verdict:
    figure: str
    target: str
    measured: str
    # None if it was not measured.
    reached: bool | None


def verdicts(table):
    """Returns the verdicts of all targets, in the order of the documentation."""
    measured = {int(found[1]) for row, _ in table.times if (found := re.fullmatch(r"awake-([0-9]+)\.answer", row))}
    idle = sorted(measured | TARGET_SECONDS)
    short = max((seconds for seconds in idle if seconds < RECOVERY_SECONDS), default=5)
    found = [
        at_most(table, "create to `running`, pool hit", "create-pool.running", [(50, 0.15), (99, 0.5)]),
        at_most_ratio(table, "create to first answer, pool hit / first answer, awake", "create-pool.answer", f"pool-awake-{POOL_IDLE_SECONDS}.answer", "chowder", 1.5),
        at_most_ratio(table, "create to `running`, cold / baseline", "create-cold.running", "create-cold.running", "baseline", 1.05),
        at_most(table, f"start to `running`, frozen {short} s", f"start-frozen-{short}.running", [(50, 0.12), (99, 0.4)]),
        at_most(table, "start to `running`, frozen 10 min", f"start-frozen-{LONG_SECONDS}.running", [(50, 1.0)]),
        at_most(table, "start to `running`, paged out 10 min", f"start-paged-{LONG_SECONDS}.running", [(50, 2.0), (95, 4.0)]),
    ]
    for state, seconds in [("frozen", seconds) for seconds in idle] + [("paged", LONG_SECONDS)]:
        what = f"start to first answer, {'paged out' if state == 'paged' else state} {seconds} s / first answer, awake"
        found.append(at_most_ratio(table, what, f"start-{state}-{seconds}.answer", f"awake-{seconds}.answer", "chowder", 1.5))
    found.append(at_most(table, "stop", "stop-frozen.done", [(50, 0.2)]))
    found += [density(table, "zram only", 20, 10), density(table, "zram only", 40, 1), density(table, "with a swap file", 60, 8)]
    return found


def at_most(table, figure, row, limits):
    target = ", ".join(f"p{percent} {limit:g} s" for percent, limit in limits)
    values = [table.at(row, "chowder", percent) for percent, _ in limits]
    if None in values:
        return Verdict(figure, target, "", None)
    measured = ", ".join(f"p{percent} {value:.3f} s" for (percent, _), value in zip(limits, values))
    return Verdict(figure, target, measured, all(value <= limit for (_, limit), value in zip(limits, values)))


def at_most_ratio(table, figure, row, base_row, base_system, limit):
    """Compares the p50 of Chowder's row with the p50 of another row."""
    value, base = table.at(row, "chowder", 50), table.at(base_row, base_system, 50)
    target = f"at most {limit:g} times"
    if value is None or base is None:
        return Verdict(figure, target, "", None)
    return Verdict(figure, target, f"{value / base:.2f} times ({value:.2f} s / {base:.2f} s)", value <= limit * base)


def density(table, how, asleep, running):
    figure, target = f"density, {how}", f"{asleep} asleep and {running} running"
    found = table.values.get((f"density-{asleep}-{running}", "chowder"))
    if not found:
        return Verdict(figure, target, "", None)
    last = found[-1]
    sleeping = last["frozen"] + last["paged_out"]
    reached = sleeping >= asleep and last["running"] >= running and last["woken"] > 0
    return Verdict(figure, target, f"{sleeping} asleep and {last['running']} running", reached)
