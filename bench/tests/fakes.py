"""Simulated systems and results for the tests."""

import json


def line(kind, run=1, **fields):
    return {"kind": kind, "run": run, "at": "2026-11-27T12:00:00Z", **fields}


def sample(row, system, seconds=None, unit="a", run=1, **fields):
    timed = {} if seconds is None else {"seconds": seconds}
    return line("sample", run, unit=unit, row=row, system=system, **timed, **fields)


def conditions(run=1, **fields):
    return line("run", run, **{"processor": "Test", "cores": 2, "memory_gib": 24, "docker": "1", "cgroup": "2", "kernel": "6", "image": "i:1", "date": "2026-11-27", **fields})


def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        for each in lines:
            file.write(json.dumps(each) + "\n")


class Options:
    n = 2
    n_long = 1
    idle = [40]
    memory_bytes = 3 * 1.25 * 2**30
    burst = 3
    bursts = 1
    density = [(2, 1)]
    density_wakes = 2


class FakeSystem:
    """An agent is a number. `served_by` is what each thaw reports."""

    def __init__(self, name="baseline", served_by=None, fails=()):
        self.name = name
        self.served_by = served_by
        self.freezes = True
        self.pages = False
        self.fails = set(fails)
        self.count = 0
        self.alive = set()
        self.log = []

    def create(self):
        self.count += 1
        self.alive.add(self.count)
        return self.count, None

    def ask(self, agent):
        self.act("ask", agent)

    def freeze(self, agent):
        self.act("freeze", agent)

    def thaw(self, agent):
        self.act("thaw", agent)
        return self.served_by

    start = thaw

    def stop(self, agent):
        self.act("stop", agent)

    def end_gateway(self, agent):
        self.act("end", agent)

    def boot(self, agent):
        self.act("boot", agent)
        return None if self.served_by is None else "boot"

    def level(self, agent):
        return "frozen" if self.log[-1] == ("freeze", agent) else "off"

    def remove(self, agent):
        self.alive.remove(agent)

    def act(self, verb, agent):
        if agent not in self.alive:
            raise RuntimeError(f"{verb}: no agent {agent}")
        self.log.append((verb, agent))
        if (verb, agent) in self.fails:
            raise RuntimeError(f"{verb} of {agent} fails")
