"""OpenTelemetry traces: request → order → attempt at the factory → lease of a database connection.

Without an endpoint there is no SDK and no span: `on` is False, and what asks it first pays for one look.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from opentelemetry import context, propagate, trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer

from jwt_pizza.kit.settings import Settings

on: bool = False
_tracer: Tracer | None = None
_NOTHING: Final[AbstractContextManager[None]] = nullcontext()
_PARENT: Final = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

Headers = Iterable[tuple[bytes, bytes]]
Attributes = Mapping[str, str | int | float | bool]


@contextmanager
def exporting(settings: Settings, service: str, version: str) -> Iterator[None]:
    """Spans go to the endpoint of the settings, if there is one, until the end of the block."""
    global on, _tracer
    if settings.otlp_endpoint is None or on:
        yield
        return
    # Only now: the SDK and the exporter take 15 MB and 0.2 s.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.version": version}),
        sampler=ParentBased(TraceIdRatioBased(settings.trace_share)),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(f"{settings.otlp_endpoint.rstrip('/')}/v1/traces", timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    _tracer, on = provider.get_tracer("jwt_pizza", version), True
    try:
        yield
    finally:
        on, _tracer = False, None
        provider.force_flush(2000)
        provider.shutdown()


def trace_of(traceparent: bytes) -> str | None:
    """The trace id of a W3C `traceparent`; None when it is malformed."""
    found = _PARENT.fullmatch(traceparent)
    return found[1].decode() if found else None


class RequestSpan:
    """A request being served, as the current span. Only while `on`."""

    def __init__(self, method: str, headers: Headers) -> None:
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers if name == b"traceparent"}
        parent = propagate.extract(carrier)
        assert _tracer is not None
        self._span = _tracer.start_span(method, parent, SpanKind.SERVER)
        self._token = context.attach(trace.set_span_in_context(self._span, parent))

    @property
    def trace(self) -> str:
        return f"{self._span.get_span_context().trace_id:032x}"

    def end(self, method: str, route: str, status: int) -> None:
        context.detach(self._token)
        if self._span.is_recording():
            self._span.update_name(f"{method} {route}")
            self._span.set_attributes(
                {"http.request.method": method, "http.route": route, "http.response.status_code": status}
            )
            if status >= 500:
                self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


def span(
    name: str, attributes: Attributes | None = None, *, calls: bool = False
) -> AbstractContextManager[Span | None]:
    """A part of what is current. `calls`: it is a call of another system."""
    if _tracer is None:
        return _NOTHING
    kind = SpanKind.CLIENT if calls else SpanKind.INTERNAL
    return _tracer.start_as_current_span(name, kind=kind, attributes=attributes)


def leaf(name: str, attributes: Attributes) -> Span | None:
    """A part of what is current that has no parts itself. Whoever began it ends it."""
    if _tracer is None or not trace.get_current_span().is_recording():
        return None
    return _tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)


def pass_on(headers: MutableMapping[str, str]) -> None:
    """Adds the `traceparent` of what is current."""
    if on:
        propagate.inject(headers)


def here() -> Span | None:
    """What is current, if it is recorded: work that is done for it elsewhere refers to it."""
    if not on:
        return None
    current = trace.get_current_span()
    return current if current.is_recording() else None


def together(name: str, callers: Sequence[Span | None]) -> AbstractContextManager[Span | None]:
    """Work that is done for several callers at once: a part of the first one's, with links to the others."""
    spans = [each for each in callers if each is not None]
    if _tracer is None or not spans:
        return _NOTHING
    first, *others = spans
    return _tracer.start_as_current_span(
        name,
        context=trace.set_span_in_context(first),
        links=[Link(other.get_span_context()) for other in others],
        attributes={"batch.size": len(callers)},
    )
