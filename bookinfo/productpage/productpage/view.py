"""What the template of the product page shows, in the words of the page."""

from dataclasses import dataclass
from typing import Any

from productpage.services import Answer
from productpage.settings import ServedBy

MOST_STARS = 5

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
    """One line of "who answered"; `milliseconds` is None where the page did not time the service itself."""

    service: str
    served_by: ServedBy
    milliseconds: int | None
    problem: str


def detail_rows(answer: Answer) -> list[tuple[str, Any]]:
    """Label and value of each detail, in the order of the page."""
    data = answer.data or {}
    return [(label, data[key]) for key, label in DETAIL_LABELS.items() if key in data]


def reviews_of(answer: Answer) -> list[Review]:
    """The reviews of an answer; what does not have their shape is left out."""
    listed = (answer.data or {}).get("reviews")
    return [_review(entry) for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def contributions(page: ServedBy, details: Answer, reviews: Answer) -> list[Contribution]:
    """Who answered, in the order of the calls. Ratings appears where reviews asked it."""
    listed = [
        Contribution("productpage", page, None, ""),
        *(
            Contribution(answer.service, answer.served_by, round(answer.seconds * 1000), answer.problem)
            for answer in (details, reviews)
        ),
    ]
    ratings = (reviews.data or {}).get("ratings")
    if isinstance(ratings, dict):
        pod, version = str(ratings.get("podname", "")), str(ratings.get("version", ""))
        listed.append(Contribution("ratings", ServedBy(pod, "", version), None, ""))
    elif any(review.problem for review in reviews_of(reviews)):
        listed.append(Contribution("ratings", ServedBy("", "", ""), None, "did not answer reviews"))
    return listed


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
