"""Which requests wait for people: open ones that the Sandbox is not about to answer."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from .review import Decision, Review

SANDBOX_HAS = timedelta(minutes=1)  # then its requests wait for people too


def waiting() -> "QuerySet[Review]":
    overdue = Q(settles_at__lt=timezone.now() - SANDBOX_HAS)
    return Review.objects.filter(Q(settles_at=None) | overdue, decision=Decision.OPEN)
