"""What a job's author imports: a job says when it runs (`JobConfig`) and gets what it needs (`Container`)."""

from tally.config import JobConfig
from tally.container import Container
from tally.execution import Execution

__all__ = ["Container", "Execution", "JobConfig"]
