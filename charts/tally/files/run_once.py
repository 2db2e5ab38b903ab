"""What `helm test` does: wait until its ScheduledJob has run once and is complete, and say so, or what is wrong."""

import http.client
import json
import ssl
import sys
import time
from os import environ
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
SECONDS = 180  # one until the next minute, two for pulling the image
POLL_SECONDS = 1.0


def main() -> int:
    """Wait, and print each change.

    Returns:
        The exit code: 0 when it has run as it should.
    """
    name, namespace = environ["NAME"], environ["NAMESPACE"]
    deadline = time.monotonic() + SECONDS
    said = ""
    while time.monotonic() < deadline:
        status = _get(f"/apis/tally.dev/v1/namespaces/{namespace}/scheduledjobs/{name}").get("status", {})
        outcome = status.get("lastExecution", {}).get("outcome", "")
        ready: dict[str, Any] = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
        line = f"{status.get('phase', 'not seen by the operator')} {status.get('tally', '')} {outcome}".strip()
        if line != said:
            print(f"{namespace}/{name}: {line}. {ready.get('message', '')}", flush=True)
            said = line
        if status.get("phase") == "Completed" and outcome in ("succeeded", "failed"):
            return _judge(status)
        time.sleep(POLL_SECONDS)
    print(f"After {SECONDS} s it has not run once. Look at: kubectl describe -n {namespace} sj/{name} jobs pods")
    return 1


def _judge(status: dict[str, Any]) -> int:
    if (status["tally"], status["succeeded"]) == ("1/1", 1):
        print("It ran once, succeeded, and will not run again.")
        return 0
    last = status["lastExecution"]
    print(f"It ran, but failed: exit code {last.get('exitCode')}. {last.get('message', '')}")
    print("`tally check` in the runner image says what is wrong with a job. The pod's log has it.")
    return 1


def _get(path: str) -> dict[str, Any]:
    """Read an object; an empty one where the answer is no object."""
    context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    address, port = environ["KUBERNETES_SERVICE_HOST"], int(environ["KUBERNETES_SERVICE_PORT"])
    connection = http.client.HTTPSConnection(address, port, timeout=10, context=context)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}"})
        answer = connection.getresponse()
        text = answer.read()
    except OSError as error:
        print(f"GET {path}: {error}", flush=True)
        return {}
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        print(f"GET {path}: {answer.status} {text[:300].decode(errors='replace')}", flush=True)
        return {}
    found: dict[str, Any] = json.loads(text)
    return found


if __name__ == "__main__":
    sys.exit(main())
