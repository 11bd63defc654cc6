"""Idle times of a minute and more. Many agents idle at once, asleep or awake, and one after another wakes when its time has passed.
Operations never overlap, because they would measure each other's load."""

import dataclasses
import time

from agents.bench import say
from agents.lifecycle import MAX_SECONDS
from agents.rows import duration

# Memory of an agent that is awake or frozen. Much memory stays free by default, because Chowder pages out frozen agents if it gets
# short.
AGENT_BYTES = 1.25 * 2**30
MEMORY_SHARE = 0.6
# The next agent begins to idle no sooner, so that the first answer of one has ended when the next one wakes, and so has the check of its
# databases, which Chowder makes 10 s after a start.
GAP_SECONDS = 20
# Shorter times count as rows under a minute and get more samples.
LONG_SECONDS = 300


@dataclasses.dataclass
class Job:
    system: object
    state: str
    seconds: int
    number: int
    agent: str = ""
    began: float = 0

    @property
    def unit(self):
        return f"{self.state}-{self.seconds}/{self.number}/{self.system.name}"


def measure(bench):
    for seconds in (s for s in bench.options.idle if s > MAX_SECONDS):
        run(bench, seconds, ("frozen", "awake"))


def measure_paged(bench):
    for seconds in (s for s in bench.options.idle if s >= LONG_SECONDS):
        run(bench, seconds, ("paged",))


def run(bench, seconds, states):
    jobs = [job for job in plan(bench, seconds, states) if not bench.results.is_finished(job.unit)]
    if jobs:
        Sleepers(bench, jobs).run()


def plan(bench, seconds, states):
    """Returns the jobs of one idle time, in an order in which the kinds alternate."""
    kinds = [(system, state) for state in states for system in (bench.chowder, bench.plain) if system and possible(system, state)]
    count = bench.options.n_long if seconds >= LONG_SECONDS else bench.options.n
    return [Job(system, state, seconds, number) for number in range(1, count + 1) for system, state in kinds]


def possible(system, state):
    return state == "awake" or (system.freezes if state == "frozen" else system.pages)


class Sleepers:
    """Runs the jobs of one idle time with as many agents as memory permits."""

    def __init__(self, bench, jobs):
        self.bench = bench
        self.waiting = jobs
        self.idling = []
        self.free = []
        self.last_begin = -GAP_SECONDS

    def run(self):
        try:
            self.create_agents()
            while self.waiting or self.idling:
                self.step()
        finally:
            for system, agent in self.free + [(job.system, job.agent) for job in self.idling]:
                system.remove(agent)

    def create_agents(self):
        """Creates agents for the first jobs, and as many as can idle at the same time."""
        seconds = self.waiting[0].seconds
        count = min(len(self.waiting), max(1, int(self.bench.options.memory_bytes // AGENT_BYTES)), max(1, seconds // GAP_SECONDS))
        # A system needs an agent for any of its jobs to run.
        systems = list(dict.fromkeys(job.system for job in self.waiting))
        chosen = [job.system for job in self.waiting[:count]]
        chosen += [system for system in systems if system not in chosen]
        say(f"{len(self.waiting)} times {duration(seconds)} with {len(chosen)} agents")
        for system in chosen:
            agent, _ = system.create()
            self.free.append((system, agent))
            system.ask(agent)

    def step(self):
        now = time.monotonic()
        due = min((job.began + job.seconds for job in self.idling), default=float("inf"))
        job = self.next_job()
        begin = max(now, self.last_begin + GAP_SECONDS) if job else float("inf")
        # An agent that is due soon comes first: the stop of another one must not delay it.
        if due <= begin + GAP_SECONDS / 2:
            self.wake(min(self.idling, key=lambda job: job.began), due)
        else:
            self.begin(job, begin)

    def next_job(self):
        """Returns the first waiting job whose system has an agent that does not idle."""
        systems = {system for system, _ in self.free}
        return next((job for job in self.waiting if job.system in systems), None)

    def begin(self, job, at):
        sleep_until(at)
        self.waiting.remove(job)
        # The agent that has rested longest: agents that sleep again at once may wake more slowly.
        pair = next(pair for pair in self.free if pair[0] is job.system)
        self.free.remove(pair)
        job.agent = pair[1]
        self.idling.append(job)
        try:
            if job.state != "awake":
                self.bench.stopped(job.unit, job.system, job.agent, job.system.freeze)
        except Exception as e:  # pylint: disable=broad-exception-caught  # one agent must not end the others
            self.abandon(job, e)
        job.began = self.last_begin = time.monotonic()

    def wake(self, job, due):
        sleep_until(due)
        idled = time.monotonic() - job.began
        bench = self.bench
        try:
            if job.state == "awake":
                bench.answered_after_idling(job.unit, job.system, job.agent, idled, job.seconds)
            else:
                bench.started(job.unit, job.system, job.agent, job.state, idled, job.seconds)
        except Exception as e:  # pylint: disable=broad-exception-caught  # one agent must not end the others
            self.abandon(job, e)
            return
        with bench.recorded(job.unit):
            say(f"{job.unit}: idled {idled:.1f} s")
        self.idling.remove(job)
        self.free.append((job.system, job.agent))

    def abandon(self, job, error):
        """Records the failure of a job and replaces its agent, so that the other jobs of its system can run."""
        self.idling.remove(job)
        job.system.remove(job.agent)
        with self.bench.recorded(job.unit):
            raise error
        agent, _ = job.system.create()
        self.free.append((job.system, agent))


def sleep_until(at):
    time.sleep(max(0, at - time.monotonic()))
