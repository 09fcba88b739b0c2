"""The conscience itself: a clean page passes, and each fault it knows is found."""

import socket

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from tests import conscience
from tests.network import NetworkUsed

CLEAN = """<!doctype html>
<html lang="en"><head><title>Flows</title><link rel="stylesheet" href="/static/app.css"></head>
<body><main><h1>Flows</h1>
<form method="post" action="/x/"><input type="hidden" name="csrfmiddlewaretoken" value="t">
<label for="id_title">Title</label><input id="id_title" aria-describedby="hint">
<p id="hint">Up to 100 characters.</p><label>Wait <select><option>5 s</option></select></label>
<button>Save as Draft</button></form></main></body></html>"""


def test_a_clean_page_passes() -> None:
    assert conscience.faults(CLEAN) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("<title>Flows</title>", "", "no title"),
        ("<h1>Flows</h1>", "<h2>Flows</h2>", "0 h1"),
        ("<h1>Flows</h1>", "<h1>Flows</h1><h1>More</h1>", "2 h1"),
        ('lang="en"', "", "no lang"),
        ("<main>", "<main></main><main>", "2 main"),
        ('for="id_title"', 'for="hint"', "no label"),
        ("Wait <select>", "<select>", None),  # the option is text, but see the next line
        ("<label>Wait <select>", "<label></label><p><select>", "no label"),
        ('id="hint"', 'id="id_title"', "given 2 times"),
        ('aria-describedby="hint"', 'aria-describedby="gone"', "points to no id"),
        ("<main>", '<main style="color:red">', "inline style"),
        ("<main>", '<main onclick="go()">', "inline onclick"),
        ("<main>", '<main hx-on:click="go()">', "inline hx-on:click"),
        ("<main>", '<main><a href="javascript:go()">Go</a>', "script in href"),
        ("<main>", "<main><script>go()</script>", "inline <script>"),
        ("<main>", "<main><style>p{}</style>", "<style>"),
        ("<main>", '<main><img src="//cdn.example/x.png" alt="">', "leaves this machine"),
        ("/static/app.css", "https://cdn.example/app.css", "leaves this machine"),
        ("<main>", '<main><a href="/x/"></a>', "no name"),
        ("<main>", '<main><img src="/x.png">', "no alt"),
        ("<main>", '<main hx-trigger="keyup[ctrlKey]">', "hx-trigger"),
        ('name="csrfmiddlewaretoken"', 'name="other"', "CSRF"),
        ("</form>", "</div></form>", "line"),
        ("<button>", "<button><button>", "line"),
    ],
)
def test_each_fault_is_found(old: str, new: str, fault: str | None) -> None:
    assert old in CLEAN
    found = conscience.faults(CLEAN.replace(old, new, 1))
    assert any(fault in one for one in found) if fault else not found, found


urlpatterns = [
    path("clean/", lambda request: HttpResponse(CLEAN)),
    path("bad/", lambda request: HttpResponse(CLEAN.replace("h1", "h2"))),
    path("bit/", lambda request: HttpResponse("<p>A fragment</p>")),
]


@pytest.mark.urls(__name__)
def test_every_page_fetched_by_any_client_is_read(client: Client) -> None:
    assert client.get("/clean/").status_code == 200
    with pytest.raises(conscience.BadPage, match="0 h1"):
        Client().get("/bad/")


@pytest.mark.urls(__name__)
def test_a_fragment_is_only_for_htmx(client: Client) -> None:
    assert client.get("/bit/", headers={"HX-Request": "true"}).status_code == 200
    with pytest.raises(conscience.BadPage, match="fragment"):
        client.get("/bit/")


def test_no_test_reaches_another_machine() -> None:
    with pytest.raises(NetworkUsed):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(socket.gaierror):
        socket.create_connection(("example.com", 80), timeout=1)
