"""What may be done to a callback profile: each view loads it, asks, calls one verb, answers."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from flows import access
from flows.forms.callback_profile import MarkForm
from flows.models import CallbackProfile, callback_profiles
from flows.models.refusals import Refused
from flows.models.usage import flows_using

from .callback_profiles import secret_page
from .deeds import ask, asking, done


@asking
def rotate(request: HttpRequest, sid: str, profile_id: str) -> HttpResponse:
    """The new secret is in the answer to the POST; posting it twice makes one secret."""
    seat, profile = access.callback_profile(request, sid, profile_id)
    if request.method != "POST":
        return ask(
            request,
            back=_page(profile),
            template="callback_profiles/rotate.html",
            title=f"Make a new signing secret for “{profile.title}”?",
            action="Make a new secret",
            danger=False,
            profile=profile,
            form=MarkForm(initial={"mark": profile.mark}),
        )
    try:
        callback_profiles.rotate(profile, by=seat.user, mark=request.POST.get("mark", ""))
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect(_page(profile))
    return secret_page(request, profile, title=f"New secret for “{profile.title}”")


@asking
def end_old(request: HttpRequest, sid: str, profile_id: str) -> HttpResponse:
    seat, profile = access.callback_profile(request, sid, profile_id)
    if request.method == "POST":
        words = "Callbacks are signed with the new secret alone from now on."
        return done(
            request,
            lambda: callback_profiles.end_old_secret(profile, by=seat.user),
            words=words,
            to=_page(profile),
        )
    return ask(
        request,
        back=_page(profile),
        title="End the old secret now?",
        sentence="Receivers that still check with the old secret refuse callbacks from then on.",
        action="End the old secret",
    )


@require_POST
def enable(request: HttpRequest, sid: str, profile_id: str) -> HttpResponse:
    seat, profile = access.callback_profile(request, sid, profile_id)
    words = f"“{profile.title}” is enabled: results are posted again from now on."
    return done(
        request,
        lambda: callback_profiles.enable(profile, by=seat.user),
        words=words,
        to=_page(profile),
    )


@asking
def disable(request: HttpRequest, sid: str, profile_id: str) -> HttpResponse:
    seat, profile = access.callback_profile(request, sid, profile_id)
    if request.method == "POST":
        words = f"“{profile.title}” is disabled: nothing is posted to it."
        return done(
            request,
            lambda: callback_profiles.disable(profile, by=seat.user),
            words=words,
            to=_page(profile),
        )
    return ask(
        request,
        back=_page(profile),
        title=f"Disable “{profile.title}”?",
        sentence="Results of executions that end from then on are kept, but not posted. You can "
        "post them when the profile is enabled again.",
        action="Disable",
    )


@asking
def delete(request: HttpRequest, sid: str, profile_id: str) -> HttpResponse:
    seat, profile = access.callback_profile(request, sid, profile_id)
    if request.method != "POST":
        return ask(
            request,
            back=_page(profile),
            template="callback_profiles/delete.html",
            title=f"Delete “{profile.title}”?",
            action="Delete profile",
            uses=flows_using(seat.account).get(profile.public_id, []),
        )
    return done(
        request,
        lambda: callback_profiles.delete(profile, by=seat.user),
        words=f"“{profile.title}” was deleted. Nothing is posted to it any more.",
        to=reverse("callback-profile-list", args=[sid]),
        refused_to=_page(profile),
    )


def _page(profile: CallbackProfile) -> str:
    return reverse("callback-profile-detail", args=[profile.account.sid, profile.public_id])
