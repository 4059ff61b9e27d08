"""Expected failures. Each says what to change and knows its HTTP status; anything else that is raised is a defect."""

from typing import ClassVar


class Refusal(Exception):
    """An answer other than success that was foreseen. `retry_after` is in seconds."""

    status: ClassVar[int] = 400

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class Invalid(Refusal):
    status = 400


class Unauthorized(Refusal):
    status = 401

    def __init__(self, message: str = "unauthorized") -> None:
        super().__init__(message)


class Forbidden(Refusal):
    status = 403

    def __init__(self, message: str = "unauthorized") -> None:
        super().__init__(message)


class NotFound(Refusal):
    status = 404


class Conflict(Refusal):
    status = 409


class TooMany(Refusal):
    status = 429


class Unavailable(Refusal):
    """A resource is exhausted or a deadline passed: the caller may try again after `retry_after` seconds."""

    status = 503

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, retry_after=retry_after)
