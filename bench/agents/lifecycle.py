"""Rounds of one agent of each system after another: create, stop, boot, and idling for seconds. The order changes with each round, so
that other load on the machine affects all systems alike."""

from agents.bench import idle

# Longer idle times overlap: see sleeps.py.
MAX_SECONDS = 29
# Turns before the rows of idle agents. The first turns of an agent take longer each, and would count for the row that comes first.
SETTLING_TURNS = 3


def measure(bench):
    for number in range(1, bench.options.n + 1):
        turn = number % len(bench.systems)
        for system in bench.systems[turn:] + bench.systems[:turn]:
            bench.unit(f"lifecycle/{number}/{system.name}", lambda unit, system=system, number=number: one(bench, unit, system, number))


def one(bench, unit, system, number):
    agent = bench.created(unit, system)
    try:
        for _ in range(SETTLING_TURNS):
            system.ask(agent)
        for seconds in (s for s in bench.options.idle if s <= MAX_SECONDS):
            states = (asleep, awake) if number % 2 else (awake, asleep)
            for state in states:
                state(bench, unit, system, agent, seconds)
        bench.stopped(unit, system, agent, system.stop)
        system.end_gateway(agent)
        bench.started(unit, system, agent, "boot")
    finally:
        system.remove(agent)


def asleep(bench, unit, system, agent, seconds):
    if system.freezes:
        bench.stopped(unit, system, agent, system.freeze)
        idle(seconds)
        bench.started(unit, system, agent, "frozen", seconds, seconds)


def awake(bench, unit, system, agent, seconds):
    idle(seconds)
    bench.answered_after_idling(unit, system, agent, seconds, seconds)
