"""Fake carriers: small HTTP servers that check what they are sent as the real ones do."""
