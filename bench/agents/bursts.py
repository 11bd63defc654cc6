"""Several creates at once, and several starts at once."""

import concurrent.futures

from agents.bench import check_served_by, create_state
from agents.tools import Stopwatch


def measure(bench):
    for number in range(1, bench.options.bursts + 1):
        for system in (bench.chowder, bench.plain):
            if system:
                bench.unit(f"burst/{number}/{system.name}", lambda unit, system=system: one(bench, unit, system))


def one(bench, unit, system):
    agents = []

    def create(began):
        agent, served_by = system.create()
        agents.append(agent)
        running = began.seconds()
        system.ask(agent)
        return create_state(served_by), running, began.seconds(), served_by

    def start(agent, state, began):
        served_by = system.boot(agent) if state == "boot" else system.thaw(agent)
        running = began.seconds()
        check_served_by(state, served_by)
        system.ask(agent)
        return state, running, began.seconds(), served_by

    try:
        at_once(bench, unit, system, "burst-create", [create] * bench.options.burst)
        for state in (["frozen"] if system.freezes else []) + ["boot"]:
            for agent in agents:
                (system.stop if state == "boot" else system.freeze)(agent)
                if state == "boot":
                    system.end_gateway(agent)
            at_once(bench, unit, system, "burst-start", [lambda began, agent=agent: start(agent, state, began) for agent in agents])
    finally:
        for agent in agents:
            system.remove(agent)


def at_once(bench, unit, system, operation, works):
    """Runs all at once. Each is measured from the common beginning, and so are the last ones."""
    began = Stopwatch()
    with concurrent.futures.ThreadPoolExecutor(len(works)) as threads:
        ends = [future.result() for future in [threads.submit(work, began) for work in works]]
    for state, running, answered, served_by in ends:
        bench.ends(unit, f"{operation}-{state}", system, running, answered, served_by)
    # All are in one state, except creates that drain a pool.
    state = ends[0][0] if len({end[0] for end in ends}) == 1 else "cold"
    bench.results.sample(unit, f"{operation}-{state}.all", system.name, max(end[1] for end in ends))
    bench.results.sample(unit, f"{operation}-{state}.all-answered", system.name, max(end[2] for end in ends))
