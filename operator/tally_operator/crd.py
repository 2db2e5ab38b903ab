"""Generates the CustomResourceDefinition from the model: `python -m tally_operator.crd > charts/tally/files/crd.yaml`.

What the API server can refuse by itself is said here, with messages for people; the planner finds the rest.
"""

import sys
from typing import Any

import yaml

from tally_operator import names
from tally_operator.model import INT32_MAX, NAME_LIMIT, UNREAD, Spec, Status

_NAME_PATTERN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
# robfig's grammar, with what it is generous about: see tally/cron/grammar.py. Values as it reads them: +07 is 7.
_SPACE = r"[\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
_VALUES = (
    r"\+?0*([0-9]|[1-5][0-9])|-0+",
    r"\+?0*([0-9]|1[0-9]|2[0-3])|-0+",
    r"\+?0*([1-9]|[12][0-9]|3[01])",
    r"\+?0*([1-9]|1[0-2])|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    r"\+?0*[0-6]|(?i:sun|mon|tue|wed|thu|fr[i\x{130}]|sat)",
)
_DESCRIPTOR = r"@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every [+-]?[0-9.a-zµμ]+"
_EXAMPLE = 'Write five fields, minute hour day-of-month month day-of-week, such as "*/5 * * * *".'


def generate() -> dict[str, Any]:
    """Give the CRD."""
    properties = {"spec": _schema(Spec), "status": _schema(Status)}
    _refine(properties["spec"])
    properties["status"]["default"] = {"observedGeneration": UNREAD}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{names.PLURAL}.{names.GROUP}",
            "labels": {"app.kubernetes.io/name": "tally"},
        },
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.KIND,
                "listKind": f"{names.KIND}List",
                "plural": names.PLURAL,
                "singular": names.KIND.lower(),
                "shortNames": ["sj"],
                "categories": ["all"],
            },
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": _columns(),
                    "schema": {
                        "openAPIV3Schema": {
                            "description": "A job that runs on a schedule, at most as often as it says, ever.",
                            "type": "object",
                            "required": ["spec"],
                            "properties": {
                                "apiVersion": {"type": "string"},
                                "kind": {"type": "string"},
                                "metadata": {"type": "object"},
                                **properties,
                            },
                        }
                    },
                }
            ],
        },
    }


def schedule_pattern() -> str:
    """Give the regular expression (RE2) of a schedule that a CronJob may take; it lets a little more through."""
    fields = [_field_pattern(values) for values in _VALUES]
    return f"^({_SPACE}*{f'{_SPACE}+'.join(fields)}{_SPACE}*|{_DESCRIPTOR})$"


def _field_pattern(values: str) -> str:
    # What follows "*-" is ignored, and so are empty members of a list.
    member = rf"([*?](-[^,/]*)?|({values})(-({values}))?)(/\+?0*[1-9][0-9]*)?"
    return rf"(,*{member}(,+{member})*,*|,+)".replace("[^,/]", r"[^,/\s]")


def _refine(spec: dict[str, Any]) -> None:
    """Add the rules that a type cannot say."""
    fields = spec["properties"]
    spec["x-kubernetes-validations"] = [
        _rule(
            "self.name == oldSelf.name",
            "spec.name cannot change. Delete this ScheduledJob, and create another one with the new name.",
        )
    ]
    fields["name"] |= {"maxLength": 253, "x-kubernetes-validations": _name_rules()}
    fields["schedule"] |= {"maxLength": 256, "x-kubernetes-validations": _schedule_rules()}
    fields["numberOfExecutions"].pop("minimum")
    fields["numberOfExecutions"]["x-kubernetes-validations"] = [
        _rule("self >= 1", "numberOfExecutions must be 1 or more, such as 3. Leave it out for no limit.")
    ]
    fields["timeZone"] |= {
        "maxLength": 64,
        "x-kubernetes-validations": [
            _rule(
                "self.matches('^[A-Za-z][A-Za-z0-9_+/-]*$')",
                "timeZone must be the name of an IANA time zone, such as Europe/Berlin.",
            )
        ],
    }
    fields["image"] |= {"minLength": 1, "maxLength": 1024}


def _name_rules() -> list[dict[str, str]]:
    example = "such as sync-products"
    return [
        _rule(
            f"size(self) <= {NAME_LIMIT}",
            f"name must have at most {NAME_LIMIT} characters, {example}.",
        ),
        _rule(
            f"self.matches('{_NAME_PATTERN}')",
            f"name must be of a-z, 0-9 and '-', with a letter or digit at both ends, {example}.",
        ),
    ]


def _schedule_rules() -> list[dict[str, str]]:
    """One rule, and the message that fits the mistake: of several rules, all that fail would be told at once."""
    cases = {
        "self.contains('TZ')": "schedule must not name a time zone. Write it into timeZone, such as Europe/Berlin.",
        r"self.matches(r'^\s*(\S+\s+){5,6}\S+\s*$')": (
            'schedule has more than five fields; there are no seconds and no years. Write "*/5 * * * *".'
        ),
        r"self.matches(r'^\s*(\S+\s+){4}(\S*[,-])?0*7([,/-]\S*)?\s*$')": (
            'schedule has the day of week 7, but Sunday is 0. Write "0 0 * * 0" for Sundays at midnight.'
        ),
    }
    chosen = "".join(f"{case} ? '{message}' : " for case, message in cases.items())
    message = f"schedule is not what a CronJob takes. {_EXAMPLE}"
    rule = f"!self.contains('TZ') && self.matches({_cel_string(schedule_pattern())})"
    return [{"rule": rule, "messageExpression": f"{chosen}'{message}'", "message": message}]


def _cel_string(text: str) -> str:
    return "r'" + text.replace("'", "\\x27") + "'"


def _rule(rule: str, message: str) -> dict[str, str]:
    return {"rule": rule, "message": message}


def _schema(model: type[Spec | Status]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, mode="validation")
    definitions = schema.pop("$defs", {})
    return _structural(schema, definitions)


def _structural(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Turn pydantic's JSON schema into a structural one: no references, no null, no titles."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        return _structural({**target, **{name: value for name, value in schema.items() if name != "$ref"}}, definitions)
    if "anyOf" in schema:
        (only,) = (each for each in schema["anyOf"] if each != {"type": "null"})
        return _structural({**only, **{name: value for name, value in schema.items() if name != "anyOf"}}, definitions)
    return _converted(schema, definitions)


def _converted(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    result = {name: value for name, value in schema.items() if name not in ("title", "additionalProperties")}
    if result.get("default", ...) in (None, {}, ()) or result.get("default") == []:
        del result["default"]
    if result.get("type") == "integer":
        result = _with_bounds(result)
    if "properties" in result:
        # A class's docstring is for its readers here; the fields have descriptions of their own.
        result["description"] = str(result.get("description", "")).partition("\n")[0]
        result["properties"] = {name: _structural(each, definitions) for name, each in result["properties"].items()}
    if "items" in result:
        result["items"] = _structural(result["items"], definitions)
    return result


def _with_bounds(schema: dict[str, Any]) -> dict[str, Any]:
    # The format says it already.
    return {name: value for name, value in schema.items() if (name, value) != ("maximum", INT32_MAX)}


def _columns() -> list[dict[str, Any]]:
    ready = '.status.conditions[?(@.type=="Ready")].message'
    return [
        _column("Schedule", ".spec.schedule"),
        _column("Executions", ".status.tally"),
        _column("Last", ".status.lastScheduleTime", type="date"),
        _column("Outcome", ".status.lastExecution.outcome"),
        _column("Next", ".status.nextScheduleTime"),
        _column("Phase", ".status.phase"),
        _column("Age", ".metadata.creationTimestamp", type="date"),
        _column("Zone", ".spec.timeZone", priority=1),
        _column("Image", ".spec.image", priority=1),
        _column("Message", ready, priority=1),
    ]


def _column(name: str, path: str, **more: str | int) -> dict[str, Any]:
    return {"name": name, "jsonPath": path, "type": "string", **more}


def main() -> None:
    """Print the CRD."""
    sys.stdout.write("# Made by: python -m tally_operator.crd\n")
    yaml.safe_dump(generate(), sys.stdout, sort_keys=False, allow_unicode=True, width=1000)


if __name__ == "__main__":
    main()
