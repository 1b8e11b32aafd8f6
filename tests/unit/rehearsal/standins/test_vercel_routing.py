"""Requests find their way through a Build Output's routes."""

from __future__ import annotations

from typing import Any

import pytest

from sesari.rehearsal.standins.vercel_routing import Asked, Output, by_phase, failed, resolve


def output(*routes: dict[str, Any], **more: Any) -> Output:
    static = {"index.html": ("index.html", None), "404": ("404.html", None), "a/b.txt": ("b", None)}
    functions = {"api/jobs": "jobs", "blog/[slug]": "blog", "page": "page"}
    prerendered = {"about": {"fallback": "about.html"}}
    return Output(
        **{"static": static, "functions": functions, "prerendered": prerendered, **more}, routes=by_phase(routes)
    )


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("/", "static", "index.html"),
        ("/a/b.txt", "static", "a/b.txt"),
        ("/api/jobs", "function", "api/jobs"),
        ("/api/jobs/", "function", "api/jobs"),
        ("/about", "prerender", "about"),
        ("/nope", "none", ""),
    ],
)
def test_what_lies_at_the_path_is_found(path: str, kind: str, name: str) -> None:
    answer = resolve(output(), Asked("GET", path))
    assert (answer.kind, answer.name) == (kind, name)


def test_what_was_rendered_before_is_only_read() -> None:
    with_function = output(functions={"about": "about"})
    assert resolve(with_function, Asked("GET", "/about")).kind == "prerender"
    assert resolve(with_function, Asked("POST", "/about")).kind == "function"


def test_a_redirect_ends_the_way() -> None:
    route = {"src": "^/(.*)/$", "headers": {"Location": "/$1"}, "status": 308, "continue": True}
    answer = resolve(output(route), Asked("GET", "/api/jobs/"))
    assert (answer.kind, answer.status, answer.headers["location"]) == ("redirect", 308, "/api/jobs")


def test_a_rewrite_takes_its_values_along() -> None:
    dynamic = {"src": "^/blog/(?<slug>[^/]+?)(?:/)?$", "dest": "/blog/[slug]?nxtPslug=$slug", "check": True}
    answer = resolve(output({"handle": "rewrite"}, dynamic), Asked("GET", "/blog/one", "a=1"))
    assert (answer.name, answer.query, answer.matched) == ("blog/[slug]", "a=1&nxtPslug=one", "/blog/[slug]")


def test_conditions_decide() -> None:
    route = {"src": "/page", "has": [{"type": "header", "key": "RSC", "value": "1"}], "dest": "/about"}
    assert resolve(output(route), Asked("GET", "/page", headers={"rsc": "1"})).name == "about"
    assert resolve(output(route), Asked("GET", "/page", headers={"rsc": "2"})).name == "page"
    missing = {"src": "/page", "missing": [{"type": "cookie", "key": "session"}], "dest": "/about"}
    assert resolve(output(missing), Asked("GET", "/page")).name == "about"
    assert resolve(output(missing), Asked("GET", "/page", headers={"cookie": "session=1"})).name == "page"


def test_methods_decide() -> None:
    route = {"src": "/page", "methods": ["POST"], "dest": "/about"}
    assert resolve(output(route), Asked("GET", "/page")).name == "page"


def test_headers_are_collected_and_important_ones_are_kept() -> None:
    routes = (
        {"src": "/.*", "headers": {"X-One": "1"}, "continue": True},
        {"handle": "hit"},
        {"src": "/api/.*", "headers": {"x-matched-path": "/api"}, "continue": True, "important": True},
    )
    answer = resolve(output(*routes), Asked("GET", "/api/jobs"))
    assert answer.headers == {"x-one": "1", "x-matched-path": "/api"}
    assert (answer.kept, answer.matched) == ({"x-matched-path"}, "/api")


def test_an_error_has_the_apps_own_page() -> None:
    route = {"src": "/.*", "dest": "/404", "status": 404, "headers": {"X-Error": "404"}}
    answer = resolve(output({"handle": "error"}, route), Asked("GET", "/nope"))
    assert (answer.kind, answer.name, answer.status, answer.headers) == ("static", "404", 404, {"x-error": "404"})
    assert failed(output(), Asked("GET", "/"), 500).kind == "none"


def test_middleware_is_refused_not_ignored() -> None:
    with pytest.raises(ValueError, match="middleware"):
        output({"src": "/.*", "middlewarePath": "_middleware"})
