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
