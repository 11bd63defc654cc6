"""Replaces valid values that would end the run of schemathesis or make it wait, which the document cannot express.

DocumentedLimitsIT tests the limits of these parameters. Here one value replaces all valid ones.
"""

import schemathesis

# Maps an operation to a parameter, its largest valid value, and the value that is sent instead.
STAND_INS = {
    # A shorter grace period would revoke the key of all calls.
    "RotateApiKey": ("grace", 604800, 604800),
    # A stream without initial lines or new events sends nothing, not even headers, until something happens.
    "TailLogs": ("lines", 5000, 1),
    "WatchInstance": ("after_revision", 2**31 - 1, 0),
    "WatchInstances": ("after", 10**18 - 1, 0),
}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Replaces any other valid value of the parameter."""
    name, largest, instead = STAND_INS.get(case.operation.definition.raw.get("operationId"), ("", 0, 0))
    value = str((case.query or {}).get(name, ""))
    if value.isascii() and value.isdigit() and int(value) <= largest:
        case.query[name] = instead
