"""Every error that Tally itself raises: for a person, so each says what is wrong, where, and what to write instead."""


class TallyError(Exception):
    """Base of all errors that Tally raises on purpose."""


class ConfigError(TallyError, ValueError):
    """A `JobConfig` has a field that cannot be."""


class LoadError(TallyError):
    """A job, or the services beside it, cannot be loaded."""


class InputError(TallyError, ValueError):
    """What the command line or the environment hands to a run cannot be used."""


class ServiceError(TallyError):
    """A service cannot be registered, built or closed."""


class UnknownServiceError(ServiceError, LookupError):
    """No service is registered under that name."""


class QueryError(TallyError, ValueError):
    """What `query.graph` is asked for cannot be, or the database refuses it."""
