// Errors: the summary gets the focus, its links focus the field, the title says so, aria-invalid follows the words.
const announce = () => {
  const asked = document.querySelector("[data-autofocus]");
  if (!asked) return;
  asked.removeAttribute("data-autofocus");
  asked.focus();
  if (asked.matches(".error-summary") && !document.title.startsWith("Error: ")) {
    document.title = "Error: " + document.title;
  }
};

const markFields = () => {
  for (const words of document.querySelectorAll(".error[data-for]")) {
    const field = document.getElementById(words.dataset.for);
    if (!field) continue;
    if (words.textContent.trim()) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  if (!document.querySelector(".error-summary")) document.title = document.title.replace(/^Error: /, "");
};

addEventListener("DOMContentLoaded", announce);
document.addEventListener("htmx:afterSettle", () => { markFields(); announce(); });

document.addEventListener("click", (event) => {
  const link = event.target.closest(".error-summary a[href*='#']");
  const field = link && link.pathname === location.pathname && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  field.focus({ preventScroll: true });
  field.closest(".field")?.scrollIntoView({ block: "center" });
});

addEventListener("DOMContentLoaded", () => {
  if (/^#(id_|step-)/.test(location.hash)) document.getElementById(location.hash.slice(1))?.focus();
});
