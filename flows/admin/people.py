"""People: who can sign in, and their role in which account."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from flows.models import Membership, User

from .base import AuditedAdmin, staff

admin.site.unregister(Group)  # permissions are given to people, and roles to memberships

_CLASSES = {"classes": ("wide",)}
_POWERS = ("is_staff", "is_superuser", "user_permissions")


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
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    form = ChangedUserForm
    add_form = NewUserForm
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff", "is_active", "last_login")
    search_fields = ("email", "first_name", "last_name")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("Support staff", {"fields": ("is_staff", "is_superuser", "user_permissions")}),
        ("Sign-in", {"fields": ("is_active", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {**_CLASSES, "fields": ("email", "usable_password", "password1", "password2")}),
    )

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


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    list_display = ("user", "account", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "account")
    search_fields = ("user__email", "account__name", "account__sid")
    autocomplete_fields = ("user", "account")
    fixed = ("user", "account")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("flows.delete_membership")

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        self.log(request, obj, "delete", before={"user": obj.user, "role": obj.role})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset:
            self.delete_model(request, membership)
