"""The doors for clients, below /v1/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
