"""Assets of the report: partition M is the vintage of M. Figures as SVG files, the report as one HTML file."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    BackfillPolicy,
    MaterializeResult,
    MetadataValue,
    asset,
)

from sessions_pipeline.metadata import asset_key, picture
from sessions_pipeline.months import add_months
from sessions_pipeline.partitions import monthly_partitions, months_of
from sessions_pipeline.progress import reporter
from sessions_pipeline.report import composition, decisions, figures, occupations
from sessions_pipeline.report.index import build_index, entries_in
from sessions_pipeline.report.inputs import TABLES, ReportInputs
from sessions_pipeline.report.page import build_page
from sessions_pipeline.report.vintage import SOURCES, collect
from sessions_pipeline.sessions.archive import write_atomically
from sessions_pipeline.sql_assets import window_mapping
from sessions_pipeline.state import State


@dataclass(frozen=True)
class FigureAsset:
    """A figure, what it is, the tables it is drawn from (short names of TABLES), and how."""

    name: str
    description: str
    tables: tuple[str, ...]
    draw: Callable[[ReportInputs], figures.Figure]


FIGURES = (
    FigureAsset(
        "figure_1",
        "One picture per vintage: share of sessions by work mode, beside the published shares.",
        ("work_mode_shares",),
        lambda inputs: figures.work_modes(inputs.frame("work_mode_shares"), inputs.month),
    ),
    FigureAsset(
        "figure_3",
        "One picture per vintage: actions and words per prompt by expertise, beside the published means.",
        ("effort_by_expertise",),
        lambda inputs: figures.effort(inputs.frame("effort_by_expertise"), inputs.month),
    ),
    FigureAsset(
        "figure_4_shares",
        "One picture per vintage: monthly shares of the work modes.",
        ("work_mode_shares",),
        lambda inputs: figures.monthly_mix(inputs.frame("work_mode_shares"), inputs.months),
    ),
    FigureAsset(
        "figure_4_values",
        "One picture per vintage: change of the mean task value since the first month, by work mode.",
        ("task_value",),
        lambda inputs: figures.value_changes(inputs.frame("task_value"), inputs.months),
    ),
    FigureAsset(
        "table_a1",
        "One picture per vintage: the coefficients of Table A1 beside the published ones.",
        ("coefficients",),
        lambda inputs: figures.returns(inputs.frame("coefficients"), inputs.month),
    ),
    FigureAsset(
        "flow",
        "One picture per vintage: what each rule removed, from files found to sessions analysed.",
        ("attrition",),
        lambda inputs: figures.flow(inputs.frame("attrition"), inputs.months),
    ),
    FigureAsset(
        "figure_5",
        "One picture per vintage: adjusted rates of success and failure by expertise.",
        ("adjusted_rates", "outcomes_by_expertise"),
        lambda inputs: figures.outcomes(
            inputs.frame("adjusted_rates"), inputs.frame("outcomes_by_expertise"), inputs.month
        ),
    ),
    FigureAsset(
        "codebase_context",
        "One picture per vintage: share of sessions by what they do with a codebase, beside the published shares.",
        ("codebase_context_shares",),
        lambda inputs: composition.codebase_context(inputs).pictures[0].figure,
    ),
    FigureAsset(
        "figure_2",
        "One picture per vintage: the agent's share of planning and of execution decisions, in ten bins.",
        ("decision_shares", "mean_decision_shares", "decision_correlations"),
        lambda inputs: decisions.figure_2(inputs).pictures[0].figure,
    ),
    FigureAsset(
        "figure_6",
        "One picture per vintage: success by the user's occupation in sessions that wrote code.",
        ("success_by_occupation",),
        lambda inputs: occupations.figure_6(inputs).pictures[0].figure,
    ),
    FigureAsset(
        "figure_6_gap",
        "One picture per vintage: monthly verified success of software users and of other professions.",
        ("success_by_profession",),
        lambda inputs: occupations.figure_6(inputs).pictures[1].figure,
    ),
    FigureAsset(
        "figure_a1",
        "One picture per vintage: share judged succeeded by strength of either signal.",
        ("success_by_signal",),
        lambda inputs: composition.figure_a1(inputs).pictures[0].figure,
    ),
    FigureAsset(
        "figure_a2",
        "One picture per vintage: actions and words per prompt by the agent's share of decisions.",
        ("effort_by_decision_share",),
        lambda inputs: decisions.figure_a2(inputs).pictures[0].figure,
    ),
)


def report_assets(window_months: int) -> list[AssetsDefinition]:
    """The figures and the page."""
    return [*(_figure_asset(figure, window_months) for figure in FIGURES), _page_asset(window_months)]


def _inputs(state: State, months: list[dt.date]) -> Mapping[dt.date, ReportInputs]:
    """What the reports of `months` say; every table is read once for all of them."""
    settings, warehouse, personal = state.settings, state.warehouse, state.users() <= 1
    first = add_months(months[0], 1 - settings.window_months)
    tables = {
        name: warehouse.read(name).filter(pl.col("month").is_between(first, months[-1]))
        for name in (*TABLES.values(), *SOURCES)
    }
    min_users = state.min_users()
    return {month: collect(month, tables, settings, personal=personal, min_users=min_users) for month in months}


def _figure_asset(figure: FigureAsset, window_months: int) -> AssetsDefinition:
    mapping = window_mapping(window_months)

    @asset(
        key=AssetKey(["report", figure.name]),
        group_name="report",
        description=figure.description,
        deps=[AssetDep(asset_key(TABLES[name]), partition_mapping=mapping) for name in figure.tables],
        kinds={"vega", "svg"},
        partitions_def=monthly_partitions,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def drawn(context: AssetExecutionContext, state: State) -> MaterializeResult:
        months, last = months_of(context), None
        for month, inputs in _inputs(state, months).items():
            last = figure.draw(inputs)
            path = state.folders.reports / "figures" / f"{month:%Y-%m}" / f"{figure.name}.svg"
            write_atomically(path, last.svg().encode())
        assert last is not None
        return MaterializeResult(
            metadata={
                "plot": picture(last.png(), figure.name),
                "in words": last.summary,
                "folder": MetadataValue.path(str(state.folders.reports / "figures")),
            }
        )

    return drawn


def _page_asset(window_months: int) -> AssetsDefinition:
    mapping = window_mapping(window_months)
    tables = [AssetDep(asset_key(name), partition_mapping=mapping) for name in TABLES.values()]

    @asset(
        key=AssetKey(["report", "page"]),
        group_name="report",
        description="One HTML file per vintage: every exhibit beside the published figures, with sample and caveats.",
        deps=[*tables, *(AssetDep(AssetKey(["report", figure.name])) for figure in FIGURES)],
        kinds={"html"},
        partitions_def=monthly_partitions,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def page(context: AssetExecutionContext, state: State) -> MaterializeResult:
        months = months_of(context)
        tell, size = reporter("writing reports", "reports"), 0
        for done, (month, inputs) in enumerate(_inputs(state, months).items(), start=1):
            html = build_page(inputs).encode()
            write_atomically(state.folders.report(month), html)
            index = build_index(entries_in(state.folders.reports), inputs.version)
            write_atomically(state.folders.reports / "index.html", index.encode())
            size = len(html)
            tell(done, len(months))
        return MaterializeResult(
            metadata={
                "report": MetadataValue.path(str(state.folders.report(months[-1]))),
                "all reports": MetadataValue.path(str(state.folders.reports / "index.html")),
                "bytes": size,
                "reports": len(months),
            }
        )

    return page
