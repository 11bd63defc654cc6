"""Rounds of one agent of each system after another: create, stop, boot, and idling for seconds. The order changes with each round, so
that other load on the machine affects all systems alike."""

from agents.bench import idle

# Longer idle times overlap: see sleeps.py.
MAX_SECONDS = 29


def measure(bench):
    for number in range(1, bench.options.n + 1):
        turn = number % len(bench.systems)
        for system in bench.systems[turn:] + bench.systems[:turn]:
            bench.unit(f"lifecycle/{number}/{system.name}", lambda unit, system=system: one(bench, unit, system))


def one(bench, unit, system):
    agent = bench.created(unit, system)
    try:
        for seconds in (s for s in bench.options.idle if s <= MAX_SECONDS):
            if system.freezes:
                bench.stopped(unit, system, agent, system.freeze)
                idle(seconds)
                bench.started(unit, system, agent, "frozen", seconds, seconds)
            idle(seconds)
            bench.answered_after_idling(unit, system, agent, seconds, seconds)
        bench.stopped(unit, system, agent, system.stop)
        system.end_gateway(agent)
        bench.started(unit, system, agent, "boot")
    finally:
        system.remove(agent)
