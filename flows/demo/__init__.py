"""The demo: one account ready to use, one that is new; `manage.py seed_demo` puts it there.

Everything here can be run again and again: what is there already is left alone.
"""
