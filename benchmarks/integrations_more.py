"""More candidates of `benchmarks.integrations`: WSGI, requests, and aiohttp's client."""

import asyncio
import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
import time

from benchmarks.integrations_candidates import added, by_hand, to_file

HERE = {"correlation_id": "req-1", "trace_id": "1" * 32, "span_id": "2" * 16}
URL = "http://stock/shelf/7"
SERVER = r"""
import asyncio

class Answers(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

async def main():
    server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


# -- WSGI ------------------------------------------------------------------------------------------


def environ(number):
    # New ids each time, as callers send them: what is remembered of the last ones helps nobody.
    different = f"{number * 2654435761 % 2**32:08x}"
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/order/{number % 50}",
        "QUERY_STRING": "",
        "SERVER_NAME": "shop",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "shop",
        "HTTP_USER_AGENT": "benchmark",
        "HTTP_ACCEPT": "*/*",
        "HTTP_X_CORRELATION_ID": f"{different}-e2bb-4255-8caf-4136c566a962",
        "HTTP_TRACEPARENT": f"00-4bf92f3577b34da6a3ce929d{different}-00f067aa{number:08x}-01",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def flask():
    from flask import Flask

    app = Flask("shop")

    @app.get("/order/<number>")
    def order(number):
        return "ok"

    return app.wsgi_app


def start(status, headers, exc_info=None):
    return None


def served(app, count):
    """Return what an application costs more than that of `flask`."""
    numbers = itertools.count()

    def serving(one):
        def turn(count):
            requests = [environ(next(numbers)) for _ in range(count)]
            began = time.process_time()
            for request in requests:
                answer = one(request, start)
                b"".join(answer)
                answer.close()
            return time.process_time() - began

        return turn

    return added(serving(flask()), serving(app), count)


def wsgi_narration(count, **options):
    from narration_core import Narrator
    from narration_core.bridges.wsgi import NarrationMiddleware

    to_file()
    return served(NarrationMiddleware(flask(), narrate=Narrator("shop"), **options), count)


def wsgi_narration_muted(count):
    return wsgi_narration(count, levels={"request": "mute", "answer": "mute"})


def wsgi_by_hand(count):
    from narration_core import bind

    to_file()
    inner = flask()
    begin, end = by_hand()

    def app(environ, start):
        name = environ["HTTP_X_CORRELATION_ID"]
        with bind(correlation_id=name, trace_id=os.urandom(16).hex(), span_id=os.urandom(8).hex()):
            begin()
            answer = inner(environ, start)
            end()
        return answer

    return served(app, count)


# -- requests --------------------------------------------------------------------------------------


def without_network(adapter):
    """Return a class of an adapter whose every request is answered at once."""
    from urllib3 import HTTPResponse

    class Pool:
        def urlopen(self, *_, **__):
            return HTTPResponse(io.BytesIO(b"ok"), {"Content-Length": "2"}, 200, preload_content=False)

    class Answered(adapter):
        def get_connection_with_tls_context(self, *_, **__):
            return Pool()

    return Answered


def requested(adapter, count):
    """Return what an adapter costs more than that of requests."""
    import requests
    from requests.adapters import HTTPAdapter

    def calling(one):
        session = requests.Session()
        session.mount("http://", one)

        def turn(count):
            began = time.process_time()
            for _ in range(count):
                session.get(URL)
            return time.process_time() - began

        return turn

    return added(calling(without_network(HTTPAdapter)()), calling(adapter), count)


def requests_narration(count, **options):
    from narration_core import Narrator, bind
    from narration_core.bridges.requests import NarrationAdapter

    to_file()
    with bind(**HERE):
        return requested(without_network(NarrationAdapter)(Narrator("shop"), **options), count)


def requests_narration_muted(count):
    return requests_narration(count, levels={"call": "mute", "answer": "mute"})


def requests_by_hand(count):
    from requests.adapters import HTTPAdapter

    from narration_core import bind

    to_file()
    begin, end = by_hand()

    class Adapter(without_network(HTTPAdapter)):
        def send(self, *args, **options):
            with bind(span_id=os.urandom(8).hex(), parent_span_id="2" * 16):
                begin()
                response = super().send(*args, **options)
                end()
            return response

    with bind(**HERE):
        return requested(Adapter(), count)


# -- aiohttp's client ------------------------------------------------------------------------------


def called(count, around=contextlib.nullcontext, **options):
    """Return what a client costs more than a bare one; the server is a process whose CPU time does not count."""
    from aiohttp import ClientSession

    async def session(**options):
        return ClientSession(**options)

    def calling(one, around):
        async def turn(count):
            began = time.process_time()
            for _ in range(count):
                with around():
                    async with one.get(url) as answer:
                        await answer.read()
            return time.process_time() - began

        return lambda count: loop.run_until_complete(turn(count))

    loop = asyncio.new_event_loop()
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            url = f"http://127.0.0.1:{int(server.stdout.readline())}/shelf/7"
            bare, client = (loop.run_until_complete(session(**given)) for given in ({}, options))
            try:
                return added(calling(bare, contextlib.nullcontext), calling(client, around), count)
            finally:
                loop.run_until_complete(bare.close())
                loop.run_until_complete(client.close())
        finally:
            server.kill()


def aiohttp_narration(count, *, tells=True):
    from narration_core import Narrator, bind
    from narration_core.bridges.aiohttp import client_tracing

    to_file()
    with bind(**HERE):
        return called(count, trace_configs=[client_tracing(Narrator("shop") if tells else None)])


def aiohttp_narration_ids(count):
    return aiohttp_narration(count, tells=False)


def aiohttp_by_hand(count):
    from narration_core import bind

    to_file()
    begin, end = by_hand()

    @contextlib.contextmanager
    def around():
        with bind(span_id=os.urandom(8).hex(), parent_span_id="2" * 16):
            begin()
            yield
            end()

    with bind(**HERE):
        return called(count, around)


if __name__ == "__main__":
    name, rounds = sys.argv[1], int(sys.argv[2])
    print(json.dumps(globals()[name](rounds)))
