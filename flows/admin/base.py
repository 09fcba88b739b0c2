"""What every admin page shares: the audit entry beside each change, and read-only pages."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from flows.models import Account, Review, User, audit, reviews

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    Form = ModelForm[Any]
else:
    ModelAdmin, Form = admin.ModelAdmin, ModelForm


def staff(request: HttpRequest) -> User:
    """Who works here; the admin lets nobody in who is not signed in."""
    return cast(User, request.user)


def approve_all(request: HttpRequest, asked: QuerySet[Review], *, of: int) -> None:
    """Answer open requests as the support desk does; say how many of the chosen rows had one."""
    done = 0
    for review in asked.select_related("account", "sender", "template_version__template"):
        with suppress(reviews.ReviewRefused):  # somebody was faster
            reviews.approve(review, by=staff(request))
            done += 1
    messages.success(request, f"{done} of {of} approved.")
    if done < of:
        messages.warning(request, "The others have no open request: the account has to ask first.")


class AuditedAdmin(ModelAdmin):
    """Every change is in the account's audit log. Nothing is deleted: rows point at each other."""

    list_per_page = 50
    write_only: tuple[str, ...] = ()  # form fields whose values no log may hold
    fixed: tuple[str, ...] = ("account",)  # chosen once: other rows rely on it

    def account_of(self, row: Any) -> Account:
        found: Account = row.account
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        given = tuple(super().get_readonly_fields(request, obj))
        return (*given, *self.fixed) if obj else given

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Form, change: bool) -> None:
        """Inside the transaction that the admin opens around each change."""
        self.keep(obj, change=change)
        verb = "change" if change else "create"
        after = {name: form.cleaned_data.get(name) for name in form.changed_data}
        before = {name: form.initial.get(name) for name in after} if change else None
        self.log(request, obj, verb, before=before, after=after)

    def keep(self, obj: Any, *, change: bool) -> None:
        obj.save()

    def log(
        self,
        request: HttpRequest,
        row: Any,
        verb: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        audit.record(
            self.account_of(row),
            f"{row._meta.model_name}.{verb}",
            by=staff(request),
            of=row,
            label=str(row),
            before=self._plain(before),
            after=self._plain(after),
        )

    def _plain(self, values: Mapping[str, Any] | None) -> Any:
        """Values as JSON, without those that nobody may read."""
        if values is None:
            return None
        kept = {
            name: "(not shown)" if name in self.write_only else _named(value)
            for name, value in values.items()
        }
        return json.loads(json.dumps(kept, default=str))


def _named(value: Any) -> Any:
    return str(value) if isinstance(value, Model) else value


class ReadOnlyAdmin(ModelAdmin):
    """To look at: nothing is added, changed or deleted."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
