"""Reads a report as a browser's parser would, with the standard library alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "input", "hr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def text(self) -> str:
        """All text below, white space collapsed."""
        parts = [child if isinstance(child, str) else child.text() for child in self.children]
        return " ".join(" ".join(parts).split())

    def every(self, tag: str | None = None) -> list[Element]:
        """This element and all below it, in document order; of one tag if named."""
        found = [self] if tag in (None, self.tag) else []
        for child in self.children:
            if isinstance(child, Element):
                found += child.every(tag)
        return found

    def by_id(self, name: str) -> Element:
        return next(element for element in self.every() if element.attributes.get("id") == name)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(page: str) -> Element:
    """The document; AssertionError if its tags do not nest."""
    builder = _Builder()
    builder.feed(page)
    builder.close()
    assert builder.open == [builder.root], f"<{builder.open[-1].tag}> is not closed"
    return builder.root


def table(document: Element, caption: str) -> list[list[str]]:
    """Rows of the table with that caption, header row of single columns first; rows that head a part left out."""
    for element in document.every("table"):
        if element.every("caption")[0].text() == caption:
            rows = [[cell.text() for cell in row.every() if cell.tag in ("td", "th")] for row in element.every("tr")]
            widest = max(map(len, rows))
            return [row for row in rows if len(row) == widest]
    raise AssertionError(f"no table {caption!r}")
