"""What a hostile outsider sends to the pages: always an answer, never a crash, never a foothold."""

import io
from wsgiref.util import setup_testing_defaults

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from fallbackui.wsgi import application
from flows.models import Role, User
from tests import cast


@pytest.mark.parametrize("charset", ["hex", "zlib", "undefined", "unicode_escape", "utf-7"])
@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/plain", b""),
        ("application/x-www-form-urlencoded", b"title=%5Cud800"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n\\ud800\r\n--b--\r\n',
        ),
    ],
)
def test_a_charset_nobody_speaks_is_read_as_utf8(
    charset: str, media_type: str, body: bytes
) -> None:
    """As the web process reads it: the test client makes its requests otherwise."""
    environ: dict[str, object] = {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "q=%5Cud800+%C3%A9",
        "CONTENT_TYPE": f"{media_type}; charset={charset}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    setup_testing_defaults(environ)
    request = application.request_class(environ)
    assert request.GET["q"] == "\\ud800 é"
    assert request.POST.get("title", "\\ud800") == "\\ud800"


@pytest.mark.parametrize("parameter", ["a*=foo''b", "charset*=nobody''utf-8", "boundary*=x''B"])
def test_a_content_type_that_cannot_be_read_is_none_at_all(parameter: str) -> None:
    """It would crash before a page, or the API, could say what is wrong."""
    environ: dict[str, object] = {"CONTENT_TYPE": f"application/json; {parameter}"}
    setup_testing_defaults(environ)
    request = application.request_class(environ)
    assert (request.content_type, request.content_params) == ("", {})


@pytest.mark.parametrize(
    "referer", ["flow-list", "no url", "..", "//evil.example", "javascript:x()"]
)
def test_the_theme_is_kept_wherever_the_person_says_to_come_from(
    anonymous: Client, db: None, referer: str
) -> None:
    answer = anonymous.post("/theme/", {"theme": "dark"}, headers={"Referer": referer})
    assert answer.status_code == 302
    assert "evil" not in answer["Location"]
    assert "javascript" not in answer["Location"]
    assert answer.cookies["theme"].value == "dark"


def test_a_file_is_refused_before_a_byte_of_it_is_kept(anonymous: Client, db: None) -> None:
    file = SimpleUploadedFile("a.txt", b"a" * 100)
    answer = anonymous.post("/sign-in/", {"email": "a@b.example", "password": file})
    assert answer.status_code == 400
    assert "cannot be read" in answer.content.decode()


def test_another_host_name_is_a_page_that_says_so(anonymous: Client, db: None) -> None:
    answer = anonymous.get("/sign-in/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "evil" not in answer.content.decode()
    assert "default-src" in answer["Content-Security-Policy"]


def test_the_admin_has_no_second_door_without_a_count_of_tries(
    anonymous: Client, as_admin: Client, db: None
) -> None:
    index, login = reverse("admin:index"), "/admin/login/"
    answer = anonymous.post(f"{login}?next={index}", {"username": "a", "password": "b"})
    assert answer["Location"].startswith("/sign-in/?next=/admin/login/")
    refused = as_admin.get(index, follow=True)
    assert refused.status_code == 403
    assert "support staff" in refused.content.decode()


def test_support_staff_lands_in_the_admin_after_signing_in(anonymous: Client, db: None) -> None:
    staff = cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True, is_superuser=True)
    wanted = reverse("admin:flows_account_changelist")
    asked = anonymous.get(wanted, follow=True)
    typed = {"email": staff.email, "password": cast.PASSWORD, "next": asked.context["next"]}
    answer = anonymous.post("/sign-in/", typed, follow=True)
    assert answer.request["PATH_INFO"] == wanted
    assert answer.status_code == 200
    assert User.objects.get(pk=staff.pk).last_login


def test_support_staff_cannot_make_themselves_superusers(db: None) -> None:
    staff = cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__endswith="_user"))
    chief = cast.make_person(None, Role.ADMIN, name="Cara", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(staff)
    own = reverse("admin:flows_user_change", args=[staff.pk])
    assert client.post(own, {"email": staff.email, "is_active": "on", "is_superuser": "on"})
    staff.refresh_from_db()
    assert not staff.is_superuser
    password = reverse("admin:auth_user_password_change", args=[chief.pk])
    assert client.get(password).status_code == 403
    assert client.post(reverse("admin:flows_user_delete", args=[chief.pk])).status_code == 403
