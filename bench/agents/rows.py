"""Names of the rows: an id for the JSON, a title for people.

A row id has the operation, the state before it and the measured end: `start-frozen-60.answer` is the time from the start of an
agent that was frozen for 60 s until its first answer."""

import re

ENDS = {
    "post": "response of POST",
    "running": "until `running`",
    "after": "first answer after `running`",
    "answer": "until the first answer",
    "all": "until the last one runs",
    "all-answered": "until the last one has answered",
    "done": "",
}
NAMES = {
    "create-pool": "create, pool hit",
    "create-pool-config": "create with openclaw_config, pool hit",
    "create-cold": "create, cold",
    "start-frozen": "start, frozen",
    "start-paged": "start, paged out",
    "start-boot": "start, booted",
    "awake": "awake, idle",
    "pool-awake": "awake after a pool hit, idle",
    "stop-frozen": "stop (freezes)",
    "stop-off": "stop (ends the gateway)",
    "burst-create-pool": "creates at once, pool hit",
    "burst-create-cold": "creates at once, cold",
    "burst-start-frozen": "starts at once, frozen",
    "burst-start-boot": "starts at once, booted",
    "call-rejected": "`/responses`, rejected call",
    "call-turn": "`/responses`, turn",
}
ROW = re.compile(r"(?P<name>[a-z-]+?)(-(?P<seconds>[0-9]+))?\.(?P<end>[a-z-]+)")


def parts(row):
    """Returns name, seconds of idling (0 if none) and end of a row id."""
    found = ROW.fullmatch(row)
    if not found or found["name"] not in NAMES or found["end"] not in ENDS:
        raise ValueError(f"row: must be one of bench/agents/rows.py; got {row}")
    return found["name"], int(found["seconds"] or 0), found["end"]


def title(row):
    name, seconds, end = parts(row)
    text = NAMES[name] + (f" {duration(seconds)}" if seconds else "")
    return f"{text}: {ENDS[end]}" if ENDS[end] else text


def duration(seconds):
    return f"{seconds // 60} min" if seconds >= 120 and seconds % 60 == 0 else f"{seconds} s"


def order(row):
    """Sorts the rows of the tables."""
    name, seconds, end = parts(row)
    return list(NAMES).index(name), seconds, list(ENDS).index(end)
