"""The dashboard's files: one page for all its addresses, and the modules, styles and vendored scripts below /assets."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, RedirectResponse, Response

from serving.problem import Code, Problem

DASHBOARD = Path(__file__).resolve().parent.parent / "dashboard"
PAGES = ("live", "pipeline", "warehouse", "quality", "path", "login")
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".woff2": "font/woff2",
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
"""What browsers are sent; a file of another kind is not."""
ALWAYS_ASKED = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"
"""Of vendored files, whose folder has their version in its name."""


def pages(directory: Path = DASHBOARD) -> APIRouter:
    """Routes of the files in a directory. They need no login: what they show, they ask for."""
    router = APIRouter(include_in_schema=False)

    async def page() -> Response:
        return _file(directory / "index.html", ALWAYS_ASKED)

    for name in PAGES:
        router.add_api_route(f"/{name}", page, methods=["GET", "HEAD"])

    @router.get("/")
    async def start() -> Response:
        return RedirectResponse("/live", 307)

    @router.get("/assets/{path:path}")
    async def asset(path: str) -> Response:
        file = (directory / path).resolve()
        if not file.is_relative_to(directory.resolve()) or file.suffix not in TYPES:
            raise Problem(Code.NOT_FOUND, "there is no such file")
        return _file(file, FOR_EVER if path.startswith("vendor/") else ALWAYS_ASKED)

    return router


def _file(file: Path, caching: str) -> Response:
    if not file.is_file():
        raise Problem(Code.NOT_FOUND, "there is no such file")
    return FileResponse(file, media_type=TYPES[file.suffix], headers={"Cache-Control": caching})
