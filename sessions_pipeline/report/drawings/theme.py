"""Colours, type and the way from a Vega-Lite specification to SVG or PNG; no exhibit is known here.

Every colour of a figure has a role. Specifications are written with the light colours, so that a picture stands alone;
for the page each colour becomes a CSS variable, so that one picture serves light, dark and print.
The colours of the work modes alternate between dark and light in the order in which they are stacked (hues after
Paul Tol's "muted" set), so that neighbours differ for colour-blind readers and in grey.
"""

from __future__ import annotations

import json
import re
import zlib
from functools import lru_cache
from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# role: (light, dark). The light colours are distinct, because they name the role in a finished picture.
ROLES: dict[str, tuple[str, str]] = {
    "ink": ("#1b1e25", "#eceef3"),
    "muted": ("#5a6170", "#a6adbb"),
    "grid": ("#e5e7ec", "#2b2f38"),
    "axis": ("#a8aeba", "#596070"),
    "paper": ("#fffffe", "#16181d"),
    "bar": ("#9dbbdd", "#3c6798"),
    "accent": ("#1c4a86", "#93c0f5"),
    "published": ("#b04a00", "#f3a45f"),
    "hollow": ("#d8dce3", "#3a404c"),
    "box-low": ("#bcd2ea", "#2f5480"),
    "box-high": ("#9cbcdf", "#4878ad"),
    "series-1": ("#15796d", "#6fd3c3"),
    "series-2": ("#2c69b3", "#78b1f2"),
    "series-3": ("#2b1a63", "#cdbcff"),
    "on-dark": ("#fffffd", "#fffffb"),
    "on-light": ("#14161b", "#101217"),
    "fix": ("#882255", "#a94077"),
    "build": ("#7cc0e8", "#8accf0"),
    "operate": ("#117733", "#1f7f44"),
    "communicate": ("#d9c15c", "#e2d08a"),
    "understand": ("#332288", "#6557c6"),
    "plan": ("#44aa99", "#62c2b1"),
    "orchestrate": ("#9a3d8a", "#a850a0"),
    "analyze": ("#a8a63f", "#bcba5a"),
    "test": ("#b84a5c", "#b5465a"),
}
LIGHT = {role: light for role, (light, _) in ROLES.items()}


def css_variables(dark: bool) -> str:
    """The roles as CSS custom properties: `--ink:#1b1e25;…`."""
    return "".join(f"--{role}:{colours[dark]};" for role, colours in ROLES.items())


def config() -> dict[str, Any]:
    """Vega-Lite configuration shared by all figures."""
    return {
        "aria": False,
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "padding": 4,
        "axis": {
            "labelColor": LIGHT["muted"],
            "labelFontSize": 12,
            "labelFontWeight": "normal",
            "titleColor": LIGHT["muted"],
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": LIGHT["grid"],
            "domainColor": LIGHT["axis"],
            "tickColor": LIGHT["axis"],
            "ticks": False,
            "domain": False,
            "labelPadding": 6,
            "labelFlush": False,
        },
        "title": {
            "color": LIGHT["ink"],
            "fontSize": 13,
            "fontWeight": 600,
            "anchor": "start",
            "frame": "group",
            "subtitleColor": LIGHT["muted"],
            "subtitleFontSize": 12,
            "offset": 8,
        },
        "point": {"opacity": 1},
        "square": {"opacity": 1},
        "tick": {"opacity": 1},
        "text": {"color": LIGHT["ink"], "fontSize": 12},
        "concat": {"spacing": 26},
    }


def svg(specification: dict[str, Any]) -> str:
    """A Vega-Lite specification as a picture that stands alone, in the light colours."""
    return _drawn(json.dumps(specification))


@lru_cache(maxsize=256)
def _drawn(specification: str) -> str:
    """Kept for its file, its PNG and the page: to draw takes 70 ms, and a report of one vintage has 20 pictures."""
    import vl_convert

    return vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])


def inline_svg(specification: dict[str, Any], prefix: str) -> str:
    """The same for embedding in the page: colours as CSS variables, ids unique through `prefix`, weight taken off.

    The element is hidden from assistive technology: the page gives the numbers in words beside it.
    """
    text = _TAG.sub(lambda tag: _light_tag(tag.group()), svg(specification))
    text = re.sub(r'<path d="(?:M0,0h0v0h0Z)?"(?: display="none")?/>', "", text)
    return _number_ids(text, prefix).replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def png(specification: dict[str, Any]) -> bytes:
    """A Vega-Lite specification as PNG on white, packed as tightly as it goes."""
    import vl_convert

    tag, rest = svg(specification).split(">", 1)
    return _repacked(vl_convert.svg_to_png(f'{tag}><rect width="100%" height="100%" fill="white"/>{rest}'))


_ROLE_OF = {light: role for role, light in LIGHT.items()}
_TAG = re.compile(r"<[^>]+>")
_COLOUR = re.compile(f'"({"|".join(_ROLE_OF)})"')
_WITHOUT_EFFECT = re.compile(
    r' (?:(?:role|aria-[a-z]+|class|pointer-events|xmlns(?::xlink)?|version|font-family)="[^"]*"'
    r'|opacity="1"|font-weight="normal"|stroke-miterlimit="10")'
)
_LENGTHS = re.compile(r' (?:d|transform|x2|y2|x|y|width|height|viewBox)="[^"]*"')


def _light_tag(tag: str) -> str:
    """One SVG tag with variables for colours, without attributes that change nothing, lengths to 1/100 pixel.

    Only tags are rewritten, never the text between them: that is data.
    """
    tag = _COLOUR.sub(lambda match: f'"var(--{_ROLE_OF[match.group(1)]})"', tag)
    tag = _WITHOUT_EFFECT.sub("", tag)
    return _LENGTHS.sub(lambda match: re.sub(r"-?\d+\.\d{3,}", _hundredths, match.group()), tag)


def _hundredths(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")


def _repacked(picture: bytes) -> bytes:
    """The same PNG with its pixels deflated at the highest level: a third of the size that vl-convert writes."""
    chunks, start = [], len(_PNG_SIGNATURE)
    while start < len(picture):
        length = int.from_bytes(picture[start : start + 4])
        chunks.append((picture[start + 4 : start + 8], picture[start + 8 : start + 8 + length]))
        start += length + 12
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    packed = [(b"IHDR", chunks[0][1]), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return _PNG_SIGNATURE + b"".join(
        len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4) for kind, data in packed
    )


_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _number_ids(text: str, prefix: str) -> str:
    """Ids numbered in order of appearance: Vega counts them over the life of the process."""
    for number, name in enumerate(dict.fromkeys(re.findall(r' id="([^"]+)"', text)), start=1):
        text = text.replace(f' id="{name}"', f' id="{prefix}-{number}"')
        text = text.replace(f'"url(#{name})"', f'"url(#{prefix}-{number})"')
    return text
