"""The page of the ScheduledJob's fields, from the CRD that the chart installs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from deploy.docs.pages import table

CRD = Path(__file__).resolve().parents[2] / "charts" / "tally" / "files" / "crd.yaml"
Json = dict[str, Any]

_HEAD = """<!-- Made of charts/tally/files/crd.yaml by `make docs`. -->
# The ScheduledJob

`scheduledjobs.tally.dev`, version `v1`, in a namespace; `kubectl` also takes `sj`. This page is made of the resource
itself, as the chart installs it; `kubectl explain sj.spec` says the same.

```yaml
apiVersion: tally.dev/v1
kind: ScheduledJob
metadata:
  name: sync-products
  namespace: shop
spec:
  name: sync-products
  schedule: "*/5 * * * *"
  numberOfExecutions: 3
```
"""
_SPEC = """
## spec

What a user asks for. Only `name` and `schedule` are required.
"""
_REFUSED = """
### What the API server refuses

At `kubectl apply`, with these words. A field that is not in the table above is refused, too, if `--validate=strict` is
given, as kubectl does by itself.
"""
_LATER = """
What it cannot see is said in the status: see [conditions and reasons](conditions.md).
"""
_STATUS = """
## status

What has become of it. The operator alone writes it.
"""
# What the resource leaves to a field's name.
_SAID = {
    "observedGeneration": "The generation of the spec that the status is about.",
    "succeeded": "Executions that ended well.",
    "failed": "Executions that did not.",
    "lastScheduleTime": "The newest scheduled time that was executed.",
    "completionTime": "When the limit was seen to be reached.",
    "lastExecution.job": "The Job's name.",
    "lastExecution.scheduledTime": "The scheduled time that it was for.",
    "lastExecution.startTime": "When the Job started.",
    "lastExecution.completionTime": "When the Job ended.",
    "lastExecution.outcome": "How it ended; `unknown` when its Job was gone before its end was seen.",
    "lastExecution.exitCode": "Of the job's container: see [exit codes](runner.md#exit-codes).",
    "lastExecution.message": "One line that says what went wrong.",
    "lastExecution.result": "What the job returned.",
    "recentExecutions[]": "The last ten, compact, oldest first; they outlive their Jobs.",
    "recentExecutions[].scheduledTime": "The scheduled time that it was for.",
    "recentExecutions[].outcome": "How it ended.",
    "recentExecutions[].durationSeconds": "From its Job's start to its end, retries included.",
    "conditions[]": "See [conditions and reasons](conditions.md).",
    "conditions[].type": "Which condition.",
    "conditions[].status": "Whether it holds.",
    "conditions[].reason": "Why, in one word, for programs.",
    "conditions[].message": "Why, for a person: what is wrong, and what to write instead.",
    "conditions[].lastTransitionTime": "Since when it has this status.",
    "conditions[].observedGeneration": "The generation of the spec that it is about.",
}
_COLUMNS = """
## What kubectl shows

`kubectl get sj` prints NAME and these columns, and `--output wide` all of them.
"""


def page() -> str:
    """Write the page."""
    (version,) = yaml.safe_load(CRD.read_text(encoding="utf-8"))["spec"]["versions"]
    schema: Json = version["schema"]["openAPIV3Schema"]["properties"]
    return "".join(
        [
            _HEAD,
            _SPEC,
            "\n" + table(("field", "type", "default", "what it is for"), _spec_rows(schema["spec"])),
            _REFUSED,
            "\n" + table(("field", "message"), _refusals(schema["spec"])),
            _LATER,
            _STATUS,
            "\n" + table(("field", "type", "what it says"), _status_rows(schema["status"], "")),
            _COLUMNS,
            "\n" + table(("column", "shows", "only wide"), _columns(version["additionalPrinterColumns"])),
        ]
    )


def _spec_rows(schema: Json) -> Iterator[tuple[str, ...]]:
    for name, field in schema["properties"].items():
        default = "required" if name in schema["required"] else _default(field)
        yield f"`{name}`", _type(field), default, _code(field["description"])


def _default(field: Json) -> str:
    if "default" not in field:
        return ""
    value = field["default"]
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(field: Json) -> str:
    if "enum" in field:
        return " or ".join(f"`{each}`" for each in field["enum"])
    if "type" not in field:
        return "any JSON"
    kind = "time" if field.get("format") == "date-time" else str(field["type"]).replace("array", "list")
    least, longest = field.get("minimum"), field.get("maxLength")
    if least is not None:
        kind += f", {least} or more"
    return kind + (f", at most {longest} characters" if longest else "")


def _refusals(spec: Json) -> Iterator[tuple[str, ...]]:
    for name, field in [("", spec), *spec["properties"].items()]:
        for rule in field.get("x-kubernetes-validations", []):
            for message in _messages(rule):
                yield f"`spec.{name}`" if name else "`spec`", _code(message)


def _messages(rule: Json) -> list[str]:
    """Give what a rule says; one with several messages chooses by an expression `case ? 'text' : ... 'text'`."""
    chosen = rule.get("messageExpression", "")
    told = [part.partition("' : ")[0].strip("'") for part in chosen.split(" ? '")[1:]]
    return [*told, rule["message"]]


def _status_rows(schema: Json, above: str) -> Iterator[tuple[str, ...]]:
    for name, field in schema["properties"].items():
        inner = field.get("items", field)
        path = f"{above}{name}" + ("[]" if field.get("type") == "array" else "")
        yield f"`{path}`", _type(field), _SAID.get(path) or _code(field["description"])
        if "properties" in inner:
            yield from _status_rows(inner, f"{path}.")


def _columns(columns: list[Json]) -> Iterator[tuple[str, ...]]:
    for each in columns:
        yield each["name"].upper(), f"`{each['jsonPath']}`", "yes" if each.get("priority") else ""


def _code(text: str) -> str:
    """Keep what Markdown would take for emphasis, such as the stars of a schedule."""
    return text.replace("*", "\\*").replace("<", "&lt;")
