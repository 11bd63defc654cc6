"""Options of a measurement."""

import argparse


PARTS = ["lifecycle", "sleeps", "bursts", "sleeper", "calls", "paged", "density", "pool"]
SYSTEMS = ["chowder", "baseline", "onboarding", "fleet"]
DESCRIPTION = """Times the lifecycle of agents on one machine, interleaved: with Chowder, with one `docker run` of the same image (the
baseline; also with OpenClaw's onboarding), and with `openclaw fleet`. All have the same image, limits and model. Uses only public
interfaces: Chowder's REST, the docker command, the openclaw command.

parts:
  lifecycle  rounds: create, first answer, idle for seconds (asleep and awake), stop, boot
  sleeps     idle for a minute and more, asleep and awake; many agents idle at the same time
  bursts     several creates at once, several starts at once
  sleeper    memory and processor time of an agent that idles, awake and asleep
  calls      what Chowder adds to a call of a gateway
  paged      idle for five minutes and more, with the memory of the sleeping agents in swap
  density    how many agents the host holds, asleep beside running ones
  pool       creates that claim an agent that was booted ahead of need

Every sample is one JSON line in the file of --out, written at once. After an interruption, --resume FILE continues with what is missing.
`scripts/bench report FILE` writes tables and charts."""


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1; got {value}")
    return value


def listed(kind):
    """Returns a parser of a comma-separated list."""
    def parse(text):
        return [kind(part) for part in text.split(",") if part]
    return parse


def one_of(allowed):
    def parse(text):
        if text not in allowed:
            raise argparse.ArgumentTypeError(f"must be of {', '.join(allowed)}; got {text}")
        return text
    return parse


def pair(text):
    """ASLEEP/RUNNING"""
    asleep, _, running = text.partition("/")
    if not (asleep.isdigit() and running.isdigit()):
        raise argparse.ArgumentTypeError(f"must be ASLEEP/RUNNING; got {text}")
    return int(asleep), int(running)


def parse(words):
    parser = argparse.ArgumentParser(prog="scripts/bench agents", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    files = parser.add_mutually_exclusive_group()
    files.add_argument("--out", metavar="FILE", default="bench-agents.jsonl", help="new file of results (default: bench-agents.jsonl)")
    files.add_argument("--resume", metavar="FILE", help="file of an interrupted run, which continues; repeat its options")
    parser.add_argument("--only", type=listed(one_of(PARTS)), default=PARTS, metavar="PARTS", help="parts to measure, separated by commas (default: all)")
    parser.add_argument("--systems", type=listed(one_of(SYSTEMS)), default=SYSTEMS, metavar="SYSTEMS", help=f"systems to measure (default: {','.join(SYSTEMS)})")
    parser.add_argument("--n", type=positive, default=30, help="samples of rows under a minute, and of one minute (default: 30)")
    parser.add_argument("--n-long", type=positive, default=10, metavar="N", help="samples of rows of five minutes and more (default: 10)")
    parser.add_argument("--idle", type=listed(positive), default=[5, 60, 600], metavar="SECONDS", help="idle times (default: 5,60,600)")
    parser.add_argument("--burst", type=positive, default=10, metavar="N", help="creates or starts at once (default: 10)")
    parser.add_argument("--bursts", type=positive, default=3, metavar="N", help="bursts of each system (default: 3)")
    parser.add_argument("--sleepers", type=positive, default=3, metavar="N", help="agents whose memory and processor time are read (default: 3)")
    parser.add_argument("--sleeper-seconds", type=positive, default=60, metavar="SECONDS", help="how long their processor time is read (default: 60)")
    parser.add_argument("--density", type=listed(pair), default=[(20, 10), (40, 1)], metavar="LIST", help="ASLEEP/RUNNING, separated by commas (default: 20/10,40/1)")
    parser.add_argument("--density-wakes", type=positive, default=3, metavar="N", help="sleepers that wake at full density (default: 3)")
    parser.add_argument("--calls", type=positive, default=200, metavar="N", help="pairs of rejected calls (default: 200)")
    parser.add_argument("--turns", type=positive, default=30, metavar="N", help="pairs of complete turns (default: 30)")
    parser.add_argument("--memory-mib", type=positive, metavar="MIB", help="memory that agents of the part sleeps may take (default: 60 %% of what is available)")
    parser.add_argument("--phase", choices=["frozen", "paged", "pool"], required=True, help=argparse.SUPPRESS)
    parser.add_argument("--prefix", default="chowder-bench", help="prefix of the baselines' containers and volumes (default: chowder-bench)")
    for name in ("rest", "key-file", "image", "openclaw", "scratch", "model", "monitoring", "operator-token-file"):
        parser.add_argument("--" + name, required=True, help=argparse.SUPPRESS)
    return parser.parse_args(words)
