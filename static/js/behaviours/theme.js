// Theme: changes at once; the server keeps it in a cookie and renders the next page with it.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-switch]");
  const chosen = event.submitter;
  if (!form || !chosen) return;
  event.preventDefault();
  const root = document.documentElement;
  if (chosen.value === "system") delete root.dataset.theme;
  else root.dataset.theme = chosen.value;
  for (const button of form.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button === chosen));
  }
  if (!chosen.checkVisibility()) form.querySelectorAll("button").forEach((b) => b.checkVisibility() && b.focus());
  Fallback.say(chosen.getAttribute("aria-label"));
  fetch(form.action, {
    method: "POST",
    body: new FormData(form, chosen),
    headers: { "HX-Request": "true" },
  });
});
