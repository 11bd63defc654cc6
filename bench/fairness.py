#!/usr/bin/env python3
"""Measures what one organization's flood of creates costs another one, against a server whose sandboxes are only played.

It signs up two organizations, lets the quiet one work alone and beside the flood in turns, and prints a table. It starts
nothing: scripts/bench does. The flood's own clients take processor time as well; on a small machine that is part of the result.
"""
import argparse
import http.client
import http.server
import json
import statistics
import threading
import time


class Models(http.server.BaseHTTPRequestHandler):
    """A provider that lists one model, so that provisioning has somebody to ask."""

    def do_GET(self):
        body = b'{"data":[{"id":"m"}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Caller:
    """One organization's connection; not shared between threads."""

    def __init__(self, address, key=""):
        self.address, self.key = address, key
        self.connection = None

    def __call__(self, method, path, body=None):
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        if body is not None:
            headers["content-type"] = "application/json"
        for attempt in (1, 2):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(self.address, timeout=60)
                self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
                answer = self.connection.getresponse()
                text = answer.read()
                return answer.status, json.loads(text) if text else {}
            except (http.client.HTTPException, OSError):
                self.connection = None
                if attempt == 2:
                    raise


def sign_up(options, name):
    call = Caller(options.rest)
    status, answer = call("POST", "/v1/organization/signup", {"name": name})
    assert status == 201, answer
    call.key = answer["api_key"]
    endpoint = {"custom": {"base_url": f"http://localhost:{options.model_port}/v1", "model": "m"}}
    status, answer = call("PATCH", "/v1/organization", {"model_endpoints": endpoint})
    assert status == 200, answer
    operator = Caller(options.operator, open(options.operator_token_file).read().strip())
    status, answer = operator("POST", f"/operator/organizations/{answer['id']}/tier", {"tier": "whale"})
    assert status == 200, answer
    return call.key


CREATE = {"name": "measured", "model_provider": "custom"}


def flood(options, key, over, counts):
    call = Caller(options.rest, key)
    while not over.is_set():
        status, answer = call("POST", "/v1/instances", CREATE)
        counts[status] = counts.get(status, 0) + 1
        if status == 201:
            call("DELETE", f"/v1/instances/{answer['id']}")


def timed(samples, what, call, *request):
    begun = time.monotonic()
    answer = call(*request)
    samples.setdefault(what, []).append(time.monotonic() - begun)
    return answer


def quiet(options, key, seconds, samples):
    call = Caller(options.rest, key)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.monotonic()
        status, instance = timed(samples, "create", call, "POST", "/v1/instances", CREATE)
        assert status == 201, instance
        path = f"/v1/instances/{instance['id']}"
        while instance.get("status") != "running":
            time.sleep(options.pause)
            status, instance = timed(samples, "get", call, "GET", path + "/status")
            assert status == 200 and instance["status"] != "error", instance
        samples.setdefault("create to running", []).append(time.monotonic() - begun)
        timed(samples, "delete", call, "DELETE", path)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rest", required=True, help="host:port of Envoy")
    parser.add_argument("--operator", required=True, help="host:port of the operator's port")
    parser.add_argument("--operator-token-file", required=True)
    parser.add_argument("--model-port", type=int, required=True, help="a free port for the provider that is asked for models")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15, help="of each half of a round")
    parser.add_argument("--threads", type=int, default=16, help="of the flood")
    parser.add_argument("--pause", type=float, default=0.02, help="between two questions of the quiet one, in seconds")
    options = parser.parse_args()
    models = http.server.ThreadingHTTPServer(("127.0.0.1", options.model_port), Models)
    threading.Thread(target=models.serve_forever, daemon=True).start()
    loud, calm = sign_up(options, "flood"), sign_up(options, "quiet")
    alone, beside, counts = {}, {}, {}
    quiet(options, calm, 3, {})
    for _ in range(options.rounds):
        quiet(options, calm, options.seconds, alone)
        over = threading.Event()
        threads = [threading.Thread(target=flood, args=(options, loud, over, counts)) for _ in range(options.threads)]
        for thread in threads:
            thread.start()
        quiet(options, calm, options.seconds, beside)
        over.set()
        for thread in threads:
            thread.join()
    print("| what the quiet one does | n | p50 alone | p99 alone | p50 beside | p99 beside | p99 beside / alone |")
    print("|---|---|---|---|---|---|---|")
    for what in ("create", "get", "create to running", "delete"):
        a, b = alone[what], beside[what]
        row = [statistics.median(a), percentile(a, 0.99), statistics.median(b), percentile(b, 0.99)]
        shown = " | ".join(f"{1000 * value:.1f} ms" for value in row)
        print(f"| {what} | {len(a)} + {len(b)} | {shown} | {row[3] / row[1]:.2f} |")
    took = options.rounds * options.seconds
    print(f"\nThe flood: {options.threads} threads, " + ", ".join(f"{n / took:.1f}/s answered {s}" for s, n in sorted(counts.items())) + ".")


if __name__ == "__main__":
    main()
