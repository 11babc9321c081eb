"""What every open page asks once a second: answered for a fraction of what an event of Gradio's costs."""

import hashlib
import json
import math
import time

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from resnet.text import LANGUAGES
from resnet.ui.service import Service

FRESH = 0.5  # seconds for which all pages that watch the same run, in the same language, get the same answer
KEPT = 100  # answers


def address(service: Service) -> str:
    """Below the page's own."""
    return f"news/{service.key}"


class News:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.told: dict[tuple[str, str], tuple[float, bytes, dict[str, str]]] = {}  # when, body, headers

    def route(self) -> Route:
        return Route(f"/{address(self.service)}", self.answer)

    async def answer(self, request: Request) -> Response:
        """A browser that has the answer already gets none: it asks with its ETag."""
        language = request.query_params.get("lang")
        asked = request.query_params.get("run", ""), language if language in LANGUAGES else "en"
        when, news, headers = self.told.get(asked, (-math.inf, b"", {}))
        if time.monotonic() - when > FRESH:
            news = json.dumps(await run_in_threadpool(self.service.runs.news, *asked)).encode()
            headers = {"ETag": f'"{hashlib.sha256(news).hexdigest()}"', "Cache-Control": "no-cache"}
            if len(self.told) >= KEPT:
                self.told.clear()
            self.told[asked] = time.monotonic(), news, headers
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(news, media_type="application/json", headers=headers)
