"""Assets of the report: partition M is the vintage of M. Figures as SVG files, the report as one HTML file."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import polars as pl
from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    MaterializeResult,
    MetadataValue,
    asset,
    multi_asset,
)

from sessions_pipeline.metadata import picture
from sessions_pipeline.months import add_months, month_key, months_between
from sessions_pipeline.partitions import monthly_partitions, months_of
from sessions_pipeline.progress import reporter
from sessions_pipeline.report import composition, decisions, figures, occupations
from sessions_pipeline.report.index import build_index, entries_in
from sessions_pipeline.report.inputs import TABLES, ReportInputs
from sessions_pipeline.report.page import build_page
from sessions_pipeline.report.vintage import SOURCES, collect
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.archive import write_atomically
from sessions_pipeline.sql_assets import read_by_vintage
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
        ("task_value", "monthly_changes"),
        lambda inputs: figures.value_changes(
            inputs.frame("task_value"), inputs.frame("monthly_changes"), inputs.month, inputs.months
        ),
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
    return [_figure_assets(window_months), _page_asset(window_months)]


def vintage_inputs(state: State, months: list[dt.date], needed: Collection[str]) -> Mapping[dt.date, ReportInputs]:
    """What the reports of `months` say; every table is read once for all of them.

    needed: short names of TABLES; the other tables count as empty.
    """
    if not months:
        return {}
    settings, warehouse, personal = state.settings, state.warehouse, state.users() <= 1
    window = months_between(add_months(months[0], 1 - settings.window_months), months[-1])
    tables = {name: warehouse.read(name, window) for name in (*(TABLES[short] for short in needed), *SOURCES)}
    empty = {name: pl.DataFrame(schema=polars_schema(name)) for name in TABLES.values() if name not in tables}
    min_users, demo = state.min_users(), str(state.folders.demo / "logs") in settings.sources
    return {
        month: collect(month, tables | empty, settings, personal=personal, min_users=min_users, demo=demo)
        for month in months
    }


def _figure_assets(window_months: int) -> AssetsDefinition:
    """All figures in one step, any of which can be drawn alone: the tables are read once."""
    sources = [read_by_vintage(name, window_months) for name in SOURCES]

    @multi_asset(
        name="figures",
        specs=[
            AssetSpec(
                _key(figure),
                group_name="report",
                description=figure.description,
                deps=[*(read_by_vintage(TABLES[name], window_months) for name in figure.tables), *sources],
                kinds={"vega", "svg"},
            )
            for figure in FIGURES
        ],
        can_subset=True,
        partitions_def=monthly_partitions,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def figures_drawn(context: AssetExecutionContext, state: State) -> Iterator[MaterializeResult]:
        asked = [figure for figure in FIGURES if _key(figure) in context.selected_asset_keys]
        inputs = vintage_inputs(
            state, state.vintages(months_of(context)), {name for figure in asked for name in figure.tables}
        )
        for figure in asked:
            for month, of_month in inputs.items():
                drawn = figure.draw(of_month)
                path = state.folders.figures(month) / f"{figure.name}.svg"
                write_atomically(path, drawn.svg().encode())
                context.add_asset_metadata(
                    {
                        "plot": picture(drawn.png(), figure.name),
                        "in words": drawn.summary,
                        "file": MetadataValue.path(str(path)),
                    },
                    asset_key=_key(figure),
                    partition_key=month_key(month),
                )
            yield MaterializeResult(asset_key=_key(figure))

    return figures_drawn


def _key(figure: FigureAsset) -> AssetKey:
    return AssetKey(["report", figure.name])


def _page_asset(window_months: int) -> AssetsDefinition:
    tables = [read_by_vintage(name, window_months) for name in (*TABLES.values(), *SOURCES)]

    @asset(
        key=AssetKey(["report", "page"]),
        group_name="report",
        description="One HTML file per vintage: every exhibit beside the published figures, with sample and caveats.",
        deps=[*tables, *(AssetDep(_key(figure)) for figure in FIGURES)],
        kinds={"html"},
        partitions_def=monthly_partitions,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def page(context: AssetExecutionContext, state: State) -> MaterializeResult:
        months = state.vintages(months_of(context))
        tell = reporter("writing reports", "reports")
        for done, (month, inputs) in enumerate(vintage_inputs(state, months, TABLES).items(), start=1):
            html, path = build_page(inputs).encode(), state.folders.report(month)
            write_atomically(path, html)
            every = state.folders.index
            write_atomically(every, build_index(entries_in(state.folders.reports), inputs.version).encode())
            # A browser follows a link to a file only if it is copied into its address bar: the path stands beside it.
            metadata = {"report": MetadataValue.path(str(path)), "link": MetadataValue.url(path.as_uri())}
            metadata["all reports"] = MetadataValue.url(every.as_uri())
            facts = {"sessions": inputs.eligible_sessions, "users": inputs.users, "bytes": len(html)}
            context.add_asset_metadata({**metadata, **facts}, partition_key=month_key(month))
            tell(done, len(months))
        return MaterializeResult()

    return page
