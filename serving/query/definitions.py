"""docs/definitions.md, as the pages show it when a number is pointed at."""

import re
from functools import cache
from typing import Any

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from config.settings import PROJECT_ROOT
from serving.query.parameters import answer

PAGE = PROJECT_ROOT / "docs" / "definitions.md"
router = APIRouter(tags=["definitions"])


@cache
def definitions() -> list[dict[str, Any]]:
    """Each heading of the second or third level, with the first paragraph below it, without its marks."""
    found = []
    for block in re.split(r"^(?=#{2,3} )", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, body = block.partition("\n")
        title = heading.lstrip("# ").strip()
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        paragraph = " ".join(body.strip().split("\n\n")[0].split())
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", paragraph)
        found.append({"anchor": anchor, "title": title, "text": re.sub(r"[*`]", "", plain)})
    return found


@router.get("/api/definitions", summary="What the words of the pages mean")
async def get_definitions() -> Response:
    """No login is needed: they are docs/definitions.md."""
    return answer({"definitions": definitions()})


@router.get("/definitions", include_in_schema=False)
async def get_page() -> Response:
    """The whole of it, as text."""
    return PlainTextResponse(PAGE.read_text(encoding="utf-8"), media_type="text/plain; charset=utf-8")
