"""What schemathesis cannot read off the document: which valid values would end its run or keep it waiting.

Of these the limits are tried by DocumentedLimitsIT; here one value stands for all of them.
"""

import schemathesis

# It knows how bytes are sent, and of tars nothing more: what it sends is none, which is what is to be seen refused.
schemathesis.serializer.alias("application/x-tar", "application/octet-stream")

# Operation: parameter, its largest valid value, the one that is sent instead.
STAND_INS = {
    # A shorter grace would end the key that all calls are made with.
    "RotateApiKey": ("grace", 604800, 604800),
    # Without a line to begin with, or with nothing new, a stream says nothing, headers included, until something happens.
    "TailLogs": ("lines", 5000, 1),
    "WatchInstance": ("after_revision", 2**31 - 1, 0),
    "WatchInstances": ("after", 10**18 - 1, 0),
}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts the stand-in in the place of any other valid value."""
    name, largest, instead = STAND_INS.get(case.operation.definition.raw.get("operationId"), ("", 0, 0))
    value = str((case.query or {}).get(name, ""))
    if value.isascii() and value.isdigit() and int(value) <= largest:
        case.query[name] = instead
