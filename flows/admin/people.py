"""People: who can sign in, and their role in which account."""

from collections.abc import Callable, Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from flows.models import Account, Membership, User, security
from flows.models.members import changing_people
from flows.models.refusals import Refused

from .base import AuditedAdmin, Form, ModelAdmin, staff

admin.site.unregister(Group)  # permissions are given to people, and roles to memberships

_CLASSES = {"classes": ("wide",)}
_POWERS = ("is_staff", "is_superuser", "user_permissions")


class KeepsAnAdmin(ModelAdmin):
    """What would leave an account without an admin is refused, with the sentence for it."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._unless_refused(request, super().changeform_view, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._unless_refused(request, super().changelist_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._unless_refused(request, super().delete_view, *args, **kwargs)

    def _unless_refused(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        try:
            with transaction.atomic():  # of several at once: all of them or none
                return view(request, *args, **kwargs)
        except Refused as refused:
            messages.error(request, refused.sentence)
            return redirect(request.get_full_path())


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class ChangedUserForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(KeepsAnAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    form = ChangedUserForm
    add_form = NewUserForm
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff", "is_active", "last_login")
    search_fields = ("email", "first_name", "last_name")
    readonly_fields = ("last_login", "date_joined")
    actions = ("remove_second_factor",)
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("Support staff", {"fields": ("is_staff", "is_superuser", "user_permissions")}),
        ("Sign-in", {"fields": ("is_active", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {**_CLASSES, "fields": ("email", "usable_password", "password1", "password2")}),
    )

    @admin.action(description="Remove the second factor (lost phone and codes)")
    def remove_second_factor(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Only after making sure, by another way, that it is really this person who asks."""
        for person in people:
            if not self.has_change_permission(request, person):
                continue
            with transaction.atomic():
                removed, _ = Authenticator.objects.filter(user=person).delete()
                if removed:
                    security.happened(person, "remove_second_factor", by=staff(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Nobody makes themselves more than they are."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        return fixed if staff(request).is_superuser else (*fixed, *_POWERS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who sets the password of somebody can be that person."""
        may = super().has_change_permission(request, obj)
        is_above = obj is not None and obj.is_superuser and not staff(request).is_superuser
        return may and not is_above

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and staff(request).is_superuser

    def save_model(self, request: HttpRequest, obj: User, form: Form, change: bool) -> None:
        with changing_people(*_accounts_of([obj])):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        with changing_people(*_accounts_of([obj])):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        with changing_people(*_accounts_of(queryset)):
            super().delete_queryset(request, queryset)


@admin.register(Membership)
class MembershipAdmin(KeepsAnAdmin, AuditedAdmin):
    list_display = ("user", "account", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "account")
    search_fields = ("user__email", "account__name", "account__sid")
    autocomplete_fields = ("user", "account")
    fixed = ("user", "account")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("flows.delete_membership")

    def save_model(self, request: HttpRequest, obj: Membership, form: Form, change: bool) -> None:
        with changing_people(obj.account):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        with changing_people(obj.account):
            self.log(request, obj, "delete", before={"user": obj.user, "role": obj.role})
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset:
            self.delete_model(request, membership)


def _accounts_of(people: Iterable[User]) -> list[Account]:
    keys = [person.pk for person in people if person.pk]
    return list(Account.objects.filter(memberships__user__in=keys).distinct())
