"""The ScheduledJob as its users write and read it; the CRD is generated from these classes (see crd.py)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

ConcurrencyPolicy = Literal["Forbid", "Allow", "Replace"]
Outcome = Literal["running", "succeeded", "failed", "unknown"]
Phase = Literal["Scheduled", "Running", "Suspended", "Completed", "Invalid"]

NAME_LIMIT = 52  # characters; the CronJob controller appends "-" and ten digits, and a Job's name has at most 63
INT32_MAX = 2**31 - 1

UNREAD = -1  # the API server's own observedGeneration of a spec that no operator has read yet, for whoever waits for it

Whole = Annotated[int, Field(ge=0, le=INT32_MAX, strict=True, json_schema_extra={"format": "int32"})]
Positive = Annotated[int, Field(ge=1, le=INT32_MAX, strict=True, json_schema_extra={"format": "int32"})]
Count = Annotated[int, Field(ge=0, strict=True, json_schema_extra={"format": "int64"})]
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
# What Kubernetes itself checks, or nobody: the schema lets it through as it is.
AnyJson = Annotated[Any, Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})]


class Model(BaseModel):
    """Frozen, in the API's camelCase; what a newer version has written besides is passed over."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class Spec(Model):
    """What a user asks for."""

    name: Annotated[
        str,
        Field(description="The job module to run, unique in its namespace, and the CronJob's name. It cannot change."),
    ]
    schedule: Annotated[
        str,
        Field(description='When it runs: "minute hour day-of-month month day-of-week", or @hourly, @daily, @every 5m.'),
    ]
    number_of_executions: Annotated[
        Positive | None, Field(description="How many times it runs on its schedule, ever. Absent: without a limit.")
    ] = None
    time_zone: Annotated[str, Field(description="The IANA time zone in which the schedule is read.")] = "Etc/UTC"
    concurrency_policy: Annotated[
        ConcurrencyPolicy,
        Field(description="While a run goes on: Forbid skips a time, Allow starts another, Replace stops the old one."),
    ] = "Forbid"
    suspend: Annotated[bool, Field(description="Whether the schedule rests. A run that goes on is not stopped.")] = (
        False
    )
    starting_deadline_seconds: Annotated[
        Whole | None,
        Field(description="How late, in seconds, a run may start; one that is later is missed. Absent: however late."),
    ] = None
    timeout_seconds: Annotated[
        Positive | None,
        Field(description="How long, in seconds, one execution may take, retries included. Absent: however long."),
    ] = None
    retries: Annotated[
        Whole, Field(description="How many more pods are tried when one fails, within the same execution.")
    ] = 0
    successful_jobs_history_limit: Annotated[
        Whole, Field(description="How many successful Jobs are kept, for their logs.")
    ] = 3
    failed_jobs_history_limit: Annotated[Whole, Field(description="How many failed Jobs are kept, for their logs.")] = 3
    input: Annotated[AnyJson, Field(description='JSON that is handed to the job: container.resolve("input").')] = None
    image: Annotated[
        str | None,
        Field(
            description="The image that holds the job. Absent: the runner image that the operator was configured with."
        ),
    ] = None
    template: Annotated[
        dict[str, Any],
        Field(
            description="A partial PodTemplateSpec, merged over the default one; the job's container is named job.",
            json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
        ),
    ] = {}


class LastExecution(Model):
    """The newest execution in full; it outlives its Job."""

    job: str
    scheduled_time: Instant
    start_time: Instant | None = None
    completion_time: Instant | None = None
    outcome: Outcome
    exit_code: Whole | None = None
    message: str | None = None
    result: AnyJson = None


class RecentExecution(Model):
    """One of the last executions, compact. These are also the count's memory: see counting.py."""

    scheduled_time: Instant
    outcome: Outcome
    duration_seconds: Count | None = None


class Condition(Model):
    """A condition as every Kubernetes resource has them (KEP-1623)."""

    type: Literal["Ready", "Stalled", "Complete"]
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    last_transition_time: Instant
    observed_generation: Count


class Status(Model):
    """What has become of it. Written by the operator alone."""

    observed_generation: Annotated[int | None, Field(ge=UNREAD, strict=True, json_schema_extra={"format": "int64"})] = (
        None
    )
    phase: Annotated[Phase | None, Field(description="For people; programs read the conditions.")] = None
    tally: Annotated[str | None, Field(description="Executions of the limit, such as 2/3.")] = None
    executions: Annotated[
        Count, Field(description="Scheduled times for which a Job was made; a manual run is none.")
    ] = 0
    remaining: Annotated[Count | None, Field(description="Executions left; absent without a limit.")] = None
    succeeded: Count = 0
    failed: Count = 0
    missed: Annotated[Count, Field(description="Scheduled times that passed without a Job.")] = 0
    last_schedule_time: Instant | None = None
    next_schedule_time: Annotated[
        str | None, Field(description="In UTC; text, as kubectl cannot print a coming date.")
    ] = None
    completion_time: Instant | None = None
    cron_job: Annotated[str | None, Field(description="The CronJob's name while there is one.")] = None
    last_execution: LastExecution | None = None
    recent_executions: tuple[RecentExecution, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def condition(self, type_: str) -> Condition | None:
        """Give the condition of a type, or None."""
        return next((each for each in self.conditions if each.type == type_), None)

    def to_json(self) -> dict[str, Any]:
        """Write it as the API server has it; what is absent is left out."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")
