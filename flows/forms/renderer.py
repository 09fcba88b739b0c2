"""How a form field becomes HTML: one field template, one bound field. Knows no form, no model."""

from typing import Any

from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting

# Characters that no HTML page may hold; what was typed comes back without them.
CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)])


class UiBoundField(BoundField):
    """A field whose error paragraph is always in the page, so it may always be named."""

    def value(self) -> Any:
        """What was typed, fit to be written into a page."""
        value = super().value()
        return value.translate(CONTROLS) if isinstance(value, str) else value

    @property
    def aria_describedby(self) -> str:
        """Ids of hint and error; for a fieldset they stand on the fieldset itself."""
        if not self.auto_id or self.is_hidden:
            return ""
        ids = [f"{self.auto_id}_helptext"] if self.help_text else []
        return " ".join([*ids, f"{self.auto_id}_error"])

    @property
    def focus_id(self) -> str:
        """Id of the control that an error summary link should put the focus on."""
        return self.id_for_label or f"{self.auto_id}_0"


class UiRenderer(TemplatesSetting):
    """The renderer of every form: `FORM_RENDERER = "flows.forms.renderer.UiRenderer"`."""

    field_template_name = "components/_field.html"
    bound_field_class = UiBoundField
