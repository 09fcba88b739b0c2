"""Ready calls in curl, Python and JavaScript; the key is always taken from the environment."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEY_VARIABLE = "FALLBACK_API_KEY"


@dataclass(frozen=True)
class Snippet:
    """One call in one language. `language`: curl, python or javascript."""

    language: str
    label: str
    text: str


def invoke_url(*, base_url: str, sid: str, workflow_id: str) -> str:
    return f"{base_url.rstrip('/')}/v1/{sid}/workflow/v1/instances/{workflow_id}/invoke"


def call_snippets(
    *, base_url: str, sid: str, workflow_id: str, body: Mapping[str, Any]
) -> tuple[Snippet, ...]:
    """The same invocation in every language, ready to run once the key is in the environment."""
    url = invoke_url(base_url=base_url, sid=sid, workflow_id=workflow_id)
    return (
        Snippet("curl", "curl", curl(url, body)),
        Snippet("python", "Python", _python(url, body)),
        Snippet("javascript", "JavaScript", _javascript(url, body)),
    )


def curl(url: str, body: Mapping[str, Any]) -> str:
    return (
        f"curl -X POST {shlex.quote(url)} \\\n"
        '  --header "Content-Type: application/json" \\\n'
        f'  --header "api-key: ${KEY_VARIABLE}" \\\n'
        f"  --data {shlex.quote(_json(body))}"
    )


def _python(url: str, body: Mapping[str, Any]) -> str:
    return (
        "import os\n\nimport requests\n\n"
        "answer = requests.post(\n"
        f"    {json.dumps(url)},\n"
        f'    headers={{"api-key": os.environ["{KEY_VARIABLE}"]}},\n'
        f"    json={_indented(body, 4)},\n"
        "    timeout=10,\n"
        ")\n"
        "print(answer.status_code, answer.json())"
    )


def _javascript(url: str, body: Mapping[str, Any]) -> str:
    return (
        f"const answer = await fetch({json.dumps(url)}, {{\n"
        '  method: "POST",\n'
        "  headers: {\n"
        '    "Content-Type": "application/json",\n'
        f'    "api-key": process.env.{KEY_VARIABLE},\n'
        "  },\n"
        f"  body: JSON.stringify({_indented(body, 2)}),\n"
        "});\n"
        "console.log(answer.status, await answer.json());"
    )


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)


def _indented(body: Mapping[str, Any], by: int) -> str:
    """JSON of texts only, as an invocation body is, reads the same in Python and JavaScript."""
    return json.dumps(body, indent=by, ensure_ascii=False).replace("\n", "\n" + " " * by)
