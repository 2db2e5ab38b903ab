"""What a job's author imports: `JobConfig` says when it runs, `Container` has what it needs, `workflow` undoes it."""

from typing import TYPE_CHECKING, Any

from tally.config import JobConfig
from tally.container import Container
from tally.execution import Execution

if TYPE_CHECKING:
    from tally.workflows import WorkflowResult, step, workflow

# As in pyproject.toml; images hold the packages without the metadata to read it from.
__version__ = "0.2.0"

__all__ = ["Container", "Execution", "JobConfig", "WorkflowResult", "step", "workflow"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (a module's attribute may be anything)
    # A job without a workflow does not pay for their import.
    if name in ("WorkflowResult", "step", "workflow"):
        from tally import workflows

        return getattr(workflows, name)
    raise AttributeError(f"module 'tally' has no attribute {name!r}")
