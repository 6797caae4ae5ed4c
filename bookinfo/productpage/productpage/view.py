"""What the template of the product page shows, in the words of the page."""

from dataclasses import dataclass
from typing import Any

from productpage.services import Answer
from productpage.settings import ServedBy, Settings, Upstream

MOST_STARS = 5
NOBODY = ServedBy("", "", "")

DETAIL_LABELS = {
    "author": "Author",
    "year": "Year",
    "type": "Type",
    "pages": "Pages",
    "publisher": "Publisher",
    "language": "Language",
    "ISBN-10": "ISBN-10",
    "ISBN-13": "ISBN-13",
}


@dataclass(frozen=True)
class Review:
    """One reader's words; `stars` is None where none are shown, `problem` says why when that is a failure."""

    reviewer: str
    text: str
    stars: int | None
    colour: str
    problem: str


@dataclass(frozen=True)
class Contribution:
    """One line of "who answered".

    Args:
        service: its name.
        served_by: which pod and version; empty where nobody said.
        milliseconds: how long it took; None where the page did not ask the service itself.
        patience: the longest that the page waits for it; empty where the page did not ask.
        problem: why there was no answer; empty when there was.
    """

    service: str
    served_by: ServedBy
    milliseconds: int | None = None
    patience: str = ""
    problem: str = ""


def detail_rows(answer: Answer) -> list[tuple[str, Any]]:
    """Label and value of each detail, in the order of the page."""
    data = answer.data or {}
    return [(label, data[key]) for key, label in DETAIL_LABELS.items() if key in data]


def reviews_of(answer: Answer) -> list[Review]:
    """The reviews of an answer; what does not have their shape is left out."""
    listed = (answer.data or {}).get("reviews")
    return [_review(entry) for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def contributions(settings: Settings, details: Answer, reviews: Answer) -> list[Contribution]:
    """Who answered, in the order of the calls. Ratings appears where reviews asked it."""
    listed = [
        Contribution("productpage", settings.served_by),
        _asked(settings.details, details),
        _asked(settings.reviews, reviews),
    ]
    ratings = (reviews.data or {}).get("ratings")
    if isinstance(ratings, dict):
        pod, version = str(ratings.get("podname", "")), str(ratings.get("version", ""))
        listed.append(Contribution("ratings", ServedBy(pod, "", version)))
    elif any(review.problem for review in reviews_of(reviews)):
        listed.append(Contribution("ratings", NOBODY, problem="did not answer reviews"))
    return listed


def stars_of(reviews: list[Review]) -> str:
    """The kind of stars that the page shows: `none`, or their colour."""
    return next((review.colour for review in reviews if review.stars is not None), "none")


def _asked(upstream: Upstream, answer: Answer) -> Contribution:
    return Contribution(
        answer.service,
        answer.served_by,
        milliseconds=round(answer.seconds * 1000),
        patience=upstream.patience,
        problem=answer.problem,
    )


def _review(entry: dict[str, Any]) -> Review:
    found = entry.get("rating")
    rating: dict[str, Any] = found if isinstance(found, dict) else {}
    stars = rating.get("stars")
    return Review(
        reviewer=str(entry.get("reviewer", "")),
        text=str(entry.get("text", "")),
        stars=max(0, min(stars, MOST_STARS)) if isinstance(stars, int) else None,
        colour="red" if rating.get("color") == "red" else "black",
        problem=str(rating.get("error", "")),
    )
