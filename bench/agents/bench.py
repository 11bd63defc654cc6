"""What all parts of the measurement share: options, systems, results, and how an operation of one agent is measured."""

import contextlib
import sys
import time

from agents.rows import duration
from agents.tools import Stopwatch

# How Chowder must report a create or start, by the state before it. The baselines report nothing.
EXPECTED = {"pool": "pool", "frozen": "thaw", "paged": "page_in", "boot": "boot"}
# A mistake in the setup would fail every unit, so the run ends.
MAX_FAILURES_IN_A_ROW = 5


class WrongLevel(RuntimeError):
    """An agent was served otherwise than the row says. Its time must not count for the row."""


class Bench:
    def __init__(self, options, systems, results):
        self.options = options
        self.systems = systems
        self.results = results
        self.failures_in_a_row = 0

    @property
    def chowder(self):
        """Chowder; None if it is not measured."""
        return next((system for system in self.systems if system.name == "chowder"), None)

    @property
    def plain(self):
        """The baseline without onboarding; None if it is not measured."""
        return next((system for system in self.systems if system.name == "baseline"), None)

    def unit(self, unit, work):
        """Runs a unit unless a previous run finished it. A failure is recorded, and the run continues with the next unit."""
        if self.results.is_finished(unit):
            return
        began = Stopwatch()
        with self.recorded(unit):
            work(unit)
            say(f"{unit}: {began.seconds():.1f} s")

    @contextlib.contextmanager
    def recorded(self, unit):
        """Records how a unit ends."""
        try:
            yield
        except Exception as e:  # pylint: disable=broad-exception-caught  # any failure of one unit
            self.results.failed(unit, f"{type(e).__name__}: {e}")
            say(f"{unit} FAILED: {e}")
            self.failures_in_a_row += 1
            if self.failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
                raise RuntimeError(f"cannot continue: the last {MAX_FAILURES_IN_A_ROW} units failed") from e
        else:
            self.results.done(unit)
            self.failures_in_a_row = 0

    def created(self, unit, system):
        """Creates an agent, measures it until it runs and until it has answered once, and returns it."""
        began = Stopwatch()
        posted = None
        if system is self.chowder:
            made = system.post()
            agent = made["id"]
            posted = began.seconds()
            served_by = system.created(made)
        else:
            agent, served_by = system.create()
        running = began.seconds()
        try:
            system.ask(agent)
            name = f"create-{create_state(served_by)}"
            self.ends(unit, name, system, running, began.seconds(), served_by)
            if posted is not None:
                self.results.sample(unit, f"{name}.post", system.name, posted)
            return agent
        except BaseException:
            system.remove(agent)
            raise

    def claimed(self, unit, state, config):
        """Measures a create that must claim a pool member, until the agent runs and until it has answered. Returns the agent."""
        system = self.chowder
        began = Stopwatch()
        made = system.post(config)
        posted = began.seconds()
        agent = made["id"]
        served_by = system.created(made)
        running = began.seconds()
        try:
            check_served_by("pool", served_by)
            system.ask(agent)
            name = f"create-{state}"
            self.ends(unit, name, system, running, began.seconds(), served_by)
            self.results.sample(unit, f"{name}.post", system.name, posted)
            return agent
        except BaseException:
            system.remove(agent)
            raise

    def ends(self, unit, name, system, running, answered, served_by=None, **more):
        """Records the three samples of an operation after which an agent answers."""
        for end, seconds in (("running", running), ("after", answered - running), ("answer", answered)):
            self.results.sample(unit, f"{name}.{end}", system.name, seconds, served_by=served_by, **more)

    def stopped(self, unit, system, agent, verb):
        """Measures a stop. The row's name has the level that the agent reached."""
        began = Stopwatch()
        verb(agent)
        seconds = began.seconds()
        # A frozen agent may have been paged out since then.
        state = "off" if system.level(agent) == "off" else "frozen"
        self.results.sample(unit, f"stop-{state}.done", system.name, seconds)

    def started(self, unit, system, agent, state, slept=0, row_seconds=0):
        """Measures a start from `state`, until the agent runs and until it has answered.

        row_seconds: nominal seconds of sleep, part of the row's name; 0 if they do not matter"""
        began = Stopwatch()
        served_by = system.boot(agent) if state == "boot" else system.thaw(agent)
        running = began.seconds()
        check_served_by(state, served_by)
        system.ask(agent)
        name = f"start-{state}" + (f"-{row_seconds}" if row_seconds else "")
        self.ends(unit, name, system, running, began.seconds(), served_by, slept=round(slept, 1) if row_seconds else None)

    def answered_after_idling(self, unit, system, agent, idled, row_seconds, state="awake"):
        began = Stopwatch()
        system.ask(agent)
        self.results.sample(unit, f"{state}-{row_seconds}.answer", system.name, began.seconds(), slept=round(idled, 1))


def create_state(served_by):
    """Returns the state in the name of a create's row."""
    return "pool" if served_by == "pool" else "cold"


def check_served_by(state, served_by):
    if served_by is not None and served_by != EXPECTED[state]:
        raise WrongLevel(f"served_by: must be {EXPECTED[state]} for the state {state}; got {served_by}")


def idle(seconds):
    if seconds >= 30:
        say(f"waiting {duration(seconds)}")
    time.sleep(seconds)


def say(text):
    print(f"{time.strftime('%H:%M:%S', time.gmtime())} {text}", file=sys.stderr, flush=True)
