"""The few kinds of panel that all dashboards are made of, so that they look and read alike."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG: Final = "jwt-pizza"

PERCENT: Final = units.PercentUnit
SECONDS: Final = units.Seconds
BYTES: Final = units.BytesIEC
COUNT: Final = units.Short
PER_SECOND: Final = "cps"
PER_MINUTE: Final = "cpm"
SATOSHIS: Final = "suffix: sat"
SATOSHIS_PER_HOUR: Final = "suffix: sat/h"

GOOD: Final = "green"
WARNING: Final = "orange"
BAD: Final = "red"
PLAIN: Final = "text"

Steps = Sequence[tuple[float | None, str]]
"""Colours from a value on; the first has None."""
NEUTRAL: Final[Steps] = ((None, PLAIN),)
NONE_IS_GOOD: Final[Steps] = ((None, GOOD), (1, BAD))


class Query(NamedTuple):
    """`legend` in Grafana's template form, such as `{{pool}}`."""

    expr: str
    legend: str = "__auto"


def stat_panel(
    title: str,
    description: str,
    expr: str,
    *,
    unit: str = COUNT,
    steps: Steps = NEUTRAL,
    words: dict[str, tuple[str, str]] | None = None,
    none: str = "no data",
    decimals: int | None = None,
    span: int = 4,
) -> stat.Panel:
    """One figure of now. `words` replace values: the word and its colour; `none` is shown when there is no value."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .no_value(none)
        .thresholds(_thresholds(steps))
        .color_scheme(dashboards.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .color_mode(common.BigValueColorMode.BACKGROUND if steps is not NEUTRAL else common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.AREA if words is None else common.BigValueGraphMode.NONE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(_target(Query(expr), 0))
        .height(5)
        .span(span)
    )
    if decimals is not None:
        panel.decimals(decimals)
    if words:
        panel.mappings([_words(words)])
    return panel


def series_panel(
    title: str,
    description: str,
    *queries: Query,
    unit: str = COUNT,
    steps: Steps | None = None,
    stacked: bool = False,
    least: float | None = 0,
    most: float | None = None,
    span: int = 8,
) -> timeseries.Panel:
    """Figures over time. `steps` are drawn as lines."""
    legend = (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .legend(legend)
        .tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
        .fill_opacity(40 if stacked else 8)
        .show_points(common.VisibilityMode.NEVER)
        .height(9)
        .span(span)
    )
    for number, query in enumerate(queries):
        panel.with_target(_target(query, number))
    if least is not None:
        panel.min(least)
    if most is not None:
        panel.max(most)
    if stacked:
        panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    if steps is not None:
        panel.thresholds(_thresholds(steps))
        panel.thresholds_style(common_builders.GraphThresholdsStyleConfig().mode(common.GraphTresholdsStyleMode.DASHED))
    return panel


def states_panel(
    title: str, description: str, *queries: Query, words: dict[str, tuple[str, str]], span: int = 8
) -> statetimeline.Panel:
    """What was the case when: `words` name the values."""
    panel = (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .mappings([_words(words)])
        .color_scheme(dashboards.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(_thresholds(((None, GOOD), (0.5, WARNING), (1, BAD))))
        .merge_values(True)
        .height(9)
        .span(span)
    )
    for number, query in enumerate(queries):
        panel.with_target(_target(query, number))
    return panel


def quantiles(metric: str, matchers: str = "", *, of: Sequence[float] = (0.5, 0.95, 0.99), by: str = "") -> list[Query]:
    """Quantiles of a histogram over all processes; `by` is a further label to tell apart."""
    labels = f"le, {by}" if by else "le"
    each = f"{{{{{by}}}}} " if by else ""
    rate = f"rate({metric}_bucket{{{matchers}}}[$__rate_interval])"
    return [
        Query(f"histogram_quantile({share}, sum by ({labels}) ({rate}))", f"{each}p{share * 100:g}") for share in of
    ]


def board(title: str, name: str, description: str) -> dashboards.Dashboard:
    """An empty dashboard with what all of them share. Its uid is `jwt-pizza-` and the name."""
    datasource = (
        dashboards.DatasourceVariable("datasource")
        .label("Prometheus")
        .type("prometheus")
        .description("Which Prometheus")
    )
    firing = _marks("Alerts that fire", 'ALERTS{alertstate="firing", alertname!="Watchdog"}', BAD)
    attacks = _marks(
        "Attacks on the factory", 'sum by (chaos) (rate(pizza_bakes_total{chaos!=""}[$__rate_interval])) > 0', "purple"
    )
    links = dashboards.DashboardLink("JWT Pizza").type(DashboardLinkType.DASHBOARDS).tags([TAG]).keep_time(True)
    return (
        dashboards.Dashboard(f"JWT Pizza: {title}")
        .uid(f"jwt-pizza-{name}")
        .description(description)
        .tags([TAG])
        .time("now-1h", "now")
        .refresh("5s")
        .timezone("utc")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(links.as_dropdown(False).include_vars(False).icon("dashboard"))
        .with_variable(datasource)
        .annotation(firing)
        .annotation(attacks)
    )


def variable(name: str, label: str, query: str) -> dashboards.QueryVariable:
    """Several values may be chosen; at first all are."""
    return (
        dashboards.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )


def row(title: str) -> dashboards.Row:
    return dashboards.Row(title)


def _target(query: Query, number: int) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + number)).legend_format(query.legend)
    return target.datasource(SOURCE).range()


def _thresholds(steps: Steps) -> dashboards.ThresholdsConfig:
    listed = [Threshold(value=value, color=color) for value, color in steps]
    return dashboards.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(listed)


def _words(words: dict[str, tuple[str, str]]) -> ValueMap:
    results = {
        value: ValueMappingResult(text=word, color=color, index=index)
        for index, (value, (word, color)) in enumerate(words.items())
    }
    return ValueMap(options=results)


def _marks(name: str, expr: str, color: str) -> dashboards.AnnotationQuery:
    return dashboards.AnnotationQuery().name(name).datasource(SOURCE).enable(True).expr(expr).icon_color(color)
