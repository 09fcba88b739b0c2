// On narrow screens the wizard's pages scroll sideways: the current one is brought into view.
for (const wizard of document.querySelectorAll(".wizard")) {
  const here = wizard.querySelector("[aria-current]");
  if (here) wizard.scrollLeft = here.offsetLeft - (wizard.clientWidth - here.offsetWidth) / 2;
}

// A form waits for the autosave that is under way, so that it is based on the revision that it makes.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const saving = document.querySelector(`[data-autosave="${form.id}"].htmx-request`);
  if (!form.id || !saving) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const submitter = event.submitter;
  saving.addEventListener("htmx:afterRequest", () => setTimeout(() => form.requestSubmit(submitter), 50), { once: true });
}, true);

// The fields of a step are drawn anew for another channel or template: what was typed while the
// answer was on its way stays.
const fields = (target) => [...target.querySelectorAll("input, select")].filter(({ name, type }) => name && !["hidden", "radio"].includes(type));
document.addEventListener("htmx:beforeSwap", ({ detail: { target, requestConfig } }) => {
  if (!["step-fields", "step-extras"].includes(target.id)) return;
  const sent = requestConfig.formData;
  const newer = fields(target).filter(({ name, value }) => sent.has(name) && sent.get(name) !== value).map(({ name, value }) => [name, value]);
  document.addEventListener("htmx:afterSettle", () => {
    for (const [name, value] of newer) {
      const field = document.getElementsByName(name)[0];
      if (field && (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value))) field.value = value;
    }
  }, { once: true });
});
