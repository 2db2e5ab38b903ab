"""What a person is told who has no cluster, no rights, or the wrong name: each error of `kubectl tally`."""

from tally.errors import TallyError


class ClusterError(TallyError):
    """The API server cannot be asked, or said no."""


class NotFoundError(ClusterError):
    """There is no such object."""


class ForbiddenError(ClusterError):
    """The person may not do this."""


class ConflictError(ClusterError):
    """The object has changed meanwhile, or there is one of this name already."""
