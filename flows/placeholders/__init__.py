"""Template contents and their variables: find, name, fill; a value is never read as a variable.

The rules are section 7 of the product description and "Channel Agnostic Template Parameters" of
the Invocation API.
"""

from flows.placeholders.content import MEDIA_HEADERS, Button, TemplateContent
from flows.placeholders.filling import (
    ParameterError,
    Piece,
    Preview,
    Resolved,
    preview,
    resolve,
)
from flows.placeholders.keys import (
    CODE_KEY,
    HEADER_KEY,
    MAX_VALUE_CHARACTERS,
    SPECIAL_KEYS,
    URL_KEY,
    Field,
    clean_params,
    code_comes_first,
    fields,
    find_unfit,
)
from flows.placeholders.variables import MAX_PARAMS, Channel, Variable, find_variables

__all__ = [
    "CODE_KEY",
    "HEADER_KEY",
    "MAX_PARAMS",
    "MAX_VALUE_CHARACTERS",
    "MEDIA_HEADERS",
    "SPECIAL_KEYS",
    "URL_KEY",
    "Button",
    "Channel",
    "Field",
    "ParameterError",
    "Piece",
    "Preview",
    "Resolved",
    "TemplateContent",
    "Variable",
    "clean_params",
    "code_comes_first",
    "fields",
    "find_unfit",
    "find_variables",
    "preview",
    "resolve",
]
