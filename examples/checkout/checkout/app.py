"""What the service answers."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from prometheus_client import CollectorRegistry, make_wsgi_app

from meshconf.live.page import config_page
from meshconf.live.prometheus import ConfigCollector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from checkout.config import Checkout
    from meshconf import Live


def application(live: Live[Checkout]) -> WSGIApplication:
    registry = CollectorRegistry()
    registry.register(ConfigCollector(live))
    metrics = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Once for each request: a change may come at any time, and two looks at `live.config`
        # could see two configurations, the price of one and the key of the other.
        config = live.config
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        status, content_type = "200 OK", "text/plain; charset=utf-8"
        try:
            match environ["PATH_INFO"]:
                case "/":
                    body = "".join(quotes(config, int(query.get("cents", "2000")))).encode()
                case "/config":
                    accept, path = environ.get("HTTP_ACCEPT", ""), query.get("path", "")
                    content_type, body = config_page(live, accept, path=path)
                case "/metrics":
                    return metrics(environ, start_response)
                case _:
                    status, body = "404 Not Found", b"try /, /config or /metrics\n"
        except ValueError:
            status, body = "400 Bad Request", b"cents is a whole number\n"
        except KeyError as error:
            status, body = "404 Not Found", f"{error.args[0]}\n".encode()
        headers = {"Content-Type": content_type, "Cache-Control": "no-store", "Vary": "Accept"}
        start_response(status, list(headers.items()))
        return [body]

    return answer


def quotes(config: Checkout, cents: int) -> Iterator[str]:
    """Say what an order costs in each zone, signed so that nobody can lower it."""
    key = config.signing_key.reveal().encode()
    for name, zone in config.zones.items():
        fee = 0 if cents >= zone.free_from else zone.fee
        quote = f"{name}: {cents + fee} cents, {zone.days} days"
        signature = hmac.new(key, quote.encode(), "sha256").hexdigest()
        yield f"{quote}, signed {signature[:12]}\n"
