"""The report of one vintage: a single HTML file that asks nothing of the network.

`ReportInputs` in, HTML out; no clock, no warehouse. What a reader sees is chosen by `exhibits`, said by `sentences`
and `tables`, drawn by `figures` and put in order by `sections`; the template lays it out and escapes every text.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from sessions_pipeline.report import numbers, sentences
from sessions_pipeline.report.caveats import caveats
from sessions_pipeline.report.drawings import theme
from sessions_pipeline.report.inputs import ReportInputs
from sessions_pipeline.report.methods import DEFINITIONS, FORMULAS, seeds, software
from sessions_pipeline.report.published import SOURCE
from sessions_pipeline.report.section import label_versions
from sessions_pipeline.report.sections import headlines, sections
from sessions_pipeline.report.summary import summary_of

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["ReportInputs", "build_page"]


def build_page(inputs: ReportInputs) -> str:
    """The report as one HTML document. The same inputs give the same text."""
    from markupsafe import Markup

    environment = templates()
    # Marks as safe only what vl-convert has drawn: it escapes the texts in its pictures itself.
    environment.filters["drawn"] = lambda figure: [Markup(svg) for svg in figure.inline_svgs()]
    environment.filters["count"] = numbers.count
    environment.filters["versions"] = lambda classifiers: label_versions(inputs, classifiers)
    told = headlines(inputs)
    return environment.get_template("page.html").render(
        inputs=inputs,
        **style_and_script(),
        month=numbers.month_name(inputs.month),
        period=_period(inputs),
        judged_by=sentences.judged_by(inputs.backend, inputs.made_up),
        made_up=sentences.made_up(inputs.made_up) if inputs.made_up else None,
        study=SOURCE,
        headlines=told,
        summary=summary_of(inputs, _period(inputs), told),
        sections=sections(inputs),
        caveats=caveats(inputs),
        definitions=DEFINITIONS,
        formulas=FORMULAS,
        seeds=seeds(),
        software=software(),
    )


def templates() -> Environment:
    """The templates of this package, every text escaped."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def style_and_script() -> dict[str, str]:
    """The style sheet, the script, and the digests by which the content security policy allows these two alone."""
    from markupsafe import Markup

    style, script = _style(), _template("tables.js")
    return {
        "style": Markup(style),
        "style_digest": _digest(style),
        "script": Markup(script),
        "script_digest": _digest(script),
    }


def _template(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _style() -> str:
    """The style sheet with the colours of both themes."""
    sheet = _template("page.css")
    return sheet.replace("/* light */", theme.css_variables(False)).replace("/* dark */", theme.css_variables(True))


def _period(inputs: ReportInputs) -> str:
    if not inputs.months:
        return "no month with sessions"
    first, last = numbers.month_name(min(inputs.months)), numbers.month_name(max(inputs.months))
    return first if first == last else f"{first} to {last}"
