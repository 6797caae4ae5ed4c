"""The JSON Schema of the ConformanceReport, for whoever reads one without meshproof.

`python -m meshproof.report.schema > docs/conformance-report.schema.json` writes the published copy.
"""

import json
import re
import sys
from typing import Any

from pydantic.alias_generators import to_camel

from meshproof.report.conformance import ConformanceReport

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = "urn:meshproof:conformance-report:v1alpha1"

# An argument of a docstring, with the lines that continue it.
_ARGUMENT = re.compile(r"^ {4}(\w+): (.*(?:\n {6,}.*)*)", re.MULTILINE)


def schema() -> dict[str, Any]:
    """Return the schema, made from the model that writes the document."""
    found = ConformanceReport.model_json_schema(by_alias=True)
    for part in (found, *found["$defs"].values()):
        _describe(part)
    return {"$schema": DIALECT, "$id": ID, **found}


def published() -> str:
    """Return the schema as the text of its published file."""
    return json.dumps(schema(), indent=2) + "\n"


def _describe(part: dict[str, Any]) -> None:
    """Give each property what the docstring of its model says of it."""
    said, _, arguments = part.get("description", "").partition("\n\nArgs:\n")
    part["description"] = " ".join(said.split())
    for name, text in _ARGUMENT.findall(arguments):
        part["properties"][to_camel(name)]["description"] = " ".join(text.split())


if __name__ == "__main__":
    sys.stdout.write(published())
