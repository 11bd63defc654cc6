"""Docker, HTTP and waiting. Uses only the standard library and the docker command."""

import http.client
import json
import subprocess
import time

# Port of a gateway inside its container.
PORT = 18789
QUESTION = "Reply with exactly: ready"
ANSWER = "ready"
# Limit of one step, such as a boot. Ten boots at once take minutes on two cores.
STEP_SECONDS = 600
POLL_SECONDS = 0.02
# How often a wait checks that its container still runs. Each check costs processor time that the boot needs.
RUNNING_CHECK_SECONDS = 5


def docker(*words):
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=STEP_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"docker {words[0]}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


def host_port(container):
    return int(docker("port", container, f"{PORT}/tcp").splitlines()[0].rsplit(":", 1)[1])


def docker_log_end(container):
    done = subprocess.run(["docker", "logs", "--tail", "5", container], capture_output=True, text=True, timeout=STEP_SECONDS, check=False)
    return (done.stdout + done.stderr).strip()[-500:]


def is_paused(container):
    return docker("inspect", "--format", "{{.State.Paused}}", container) == "true"


def call(host, port, method, path, body=None, headers=None):
    """Returns status and content of the response. Each call opens its own connection, so that an idle one cannot have expired."""
    connection = http.client.HTTPConnection(host, port, timeout=STEP_SECONDS)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def ask_gateway(port, token):
    """Sends one turn and returns when its answer is complete. Repeats it while the gateway answers 503, as a thawed one may."""
    headers = {"Authorization": "Bearer " + token}
    body = {"model": "openclaw/main", "input": QUESTION}
    deadline = time.monotonic() + STEP_SECONDS
    while True:
        status, text = call("127.0.0.1", port, "POST", "/v1/responses", body, headers)
        if status == 200:
            return expect_answer(json.loads(text))
        if status != 503 or time.monotonic() > deadline:
            raise RuntimeError(f"the gateway returned {status}: {text[:300]!r}")
        time.sleep(POLL_SECONDS)


def await_ready(container, port):
    """Waits until the gateway of a container is ready at this port of the host. Fails if the container ends before."""
    checked = Stopwatch()

    def ready():
        nonlocal checked
        if checked.seconds() > RUNNING_CHECK_SECONDS:
            checked = Stopwatch()
            if docker("inspect", "--format", "{{.State.Running}}", container) != "true":
                raise RuntimeError(f"{container} ended before it was ready: {docker_log_end(container)}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    wait_for(f"/readyz of {container}", ready)


def wait_for(what, condition):
    deadline = time.monotonic() + STEP_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"timed out after {STEP_SECONDS} s: {what}")
        time.sleep(POLL_SECONDS)


def expect_answer(answer):
    text = "".join(part.get("text", "") for item in answer.get("output", []) for part in item.get("content", []))
    if ANSWER not in text:
        raise RuntimeError(f"answer: must contain {ANSWER}; got {json.dumps(answer)[:300]}")


class Stopwatch:
    """Measures seconds since its creation."""

    def __init__(self):
        self.began = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.began
