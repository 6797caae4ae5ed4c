"""Charts as inline SVG that takes its colours from the page around it.

pygal lays them out; its own scripts, style sheets and dates are left out, so that the page stays one document
without a script, reads in the dark and on paper, and is the same each time it is made.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

if TYPE_CHECKING:
    from pygal.graph.graph import Graph

WIDTH = 1000
ROW = 24
AXES = 56
FONT = 13
LABEL_LIMIT = 34
_SVG = "{http://www.w3.org/2000/svg}"
_LEFT_OUT = frozenset({"defs", "desc", "comment"})


@dataclass(frozen=True)
class Bar:
    """One bar of a bar chart.

    Args:
        label: what it stands for.
        value: its length.
        said: the value as people say it.
        kind: CSS class that colours it.
    """

    label: str
    value: float
    said: str
    kind: str


@dataclass(frozen=True)
class Band:
    """What is allowed and what was seen, on one line.

    Args:
        label: what it stands for.
        allowed: least and most that is right.
        seen: least and most that was seen; twice the same when one value was.
        said: all of it in words.
        kind: CSS class that colours what was seen.
    """

    label: str
    allowed: tuple[float, float]
    seen: tuple[float, float]
    said: str
    kind: str


def bars(rows: Sequence[Bar], *, unit: str) -> Markup:
    """Draw a horizontal bar for each row, the first on top."""
    chart = _pygal().HorizontalBar(**_config(len(rows), unit))
    upwards = rows[::-1]
    # Said beside the bar: within it there is no room for the value of a short one.
    chart.x_labels = [f"{_label(row.label)}  {row.said}" for row in upwards]
    values = [
        {
            "value": row.value,
            "tooltip": f"{row.label}: {row.said}",
            "node": {"class": f"rect reactive {row.kind}"},
        }
        for row in upwards
    ]
    chart.add("", values)
    return _svg(chart)


def bands(rows: Sequence[Band], *, unit: str, limits: tuple[float, float] | None = None) -> Markup:
    """Draw on a line of its own, for each row, the range that is allowed and over it what was seen.

    Args:
        rows: from top to bottom.
        unit: of the scale.
        limits: where the scale begins and ends; None leaves that to the values.
    """
    chart = _pygal().XY(
        **_config(len(rows), unit), allow_interruptions=True, range=(0.4, len(rows) + 0.6), xrange=limits
    )
    heights = range(len(rows), 0, -1)
    chart.y_labels = [
        {"value": height, "label": _label(row.label)} for row, height in zip(rows, heights, strict=True)
    ]
    lines: dict[str, list[tuple[float, int] | None]] = {"allowed": [], "seen": []}
    dots: list[dict[str, Any]] = []
    for row, height in zip(rows, heights, strict=True):
        for name, (least, most) in (("allowed", row.allowed), ("seen", row.seen)):
            lines[name] += [(least, height), (most, height), None]
        dots += [
            {
                "value": (at, height),
                "tooltip": f"{row.label}: {row.said}",
                "node": {"class": f"dot {row.kind}"},
            }
            for at in dict.fromkeys(row.seen)
        ]
    for name, line in lines.items():
        chart.add(name, line, show_dots=False)
    chart.add("dots", dots, stroke=False, dots_size=5)
    return _svg(chart)


def steps(lines: Sequence[Sequence[float]], *, unit: str) -> Markup:
    """Draw for each line of ascending values which share of them, in per cent, is no greater than x."""
    chart = _pygal().XY(**_config(9, unit), range=(0, 100))
    chart.y_labels = [{"value": share, "label": f"{share} %"} for share in (0, 25, 50, 75, 100)]
    furthest = max((line[-1] for line in lines if line), default=1.0)
    for line in lines:
        points: list[tuple[float, float]] = [(0.0, 0.0)]
        for number, value in enumerate(line):
            points += [(value, 100 * number / len(line)), (value, 100 * (number + 1) / len(line))]
        points.append((furthest, 100.0))
        chart.add("", points if line else [], show_dots=False)
    return _svg(chart)


def _pygal() -> Any:
    """Return the library; imported only here, because a report needs it and no other command does."""
    import pygal  # noqa: PLC0415 - as above

    # It hooks into every later import to find maps of its own, in a way for which Python warns.
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]
    return pygal


def _config(rows: int, unit: str) -> dict[str, Any]:
    from pygal.style import Style  # noqa: PLC0415 - as above

    def written(value: float) -> str:
        return f"{value:.10g} {unit}"

    return {
        "width": WIDTH,
        "height": AXES + rows * ROW,
        "js": (),
        "css": (),
        "classes": ("chart",),
        "disable_xml_declaration": True,
        "no_prefix": True,
        "show_legend": False,
        "margin": 8,
        "style": Style(label_font_size=FONT, major_label_font_size=FONT, value_font_size=FONT),
        "max_scale": 8,
        "truncate_label": -1,
        "value_formatter": written,
        "x_value_formatter": written,
        "no_data_text": "",
    }


def _label(text: str) -> str:
    return text if len(text) <= LABEL_LIMIT else f"{text[: LABEL_LIMIT - 1]}\N{HORIZONTAL ELLIPSIS}"


def _svg(chart: "Graph") -> Markup:
    chart.add_xml_filter(_plain)
    text: str = chart.render(is_unicode=True)
    # Everything in it was put there by an XML writer, which escapes what it is given.
    return Markup(text)  # noqa: S704


def _plain(root: ET.Element) -> ET.Element:
    """Leave what is drawn, and the titles that say what a bar or a dot is."""
    for parent in list(root.iter()):
        for child in list(parent):
            unsaid = _tag(child) == "title" and parent.get("class") not in {"bar", "dots"}
            if unsaid or _tag(child) in _LEFT_OUT or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
    # The figure around it names it.
    root.attrib.pop("id", None)
    root.set("aria-hidden", "true")
    return root


def _tag(element: ET.Element) -> str:
    # A comment has a function for its tag.
    return element.tag.removeprefix(_SVG) if isinstance(element.tag, str) else "comment"
