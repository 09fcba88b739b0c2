// Guards form[data-guard]: leaving asks only while something typed is not saved.
// An element with data-autosave="form id" saves it; Ctrl+Enter is in keyboard.js.
const typed = new WeakMap();   // form → how often it changed
const saved = new WeakMap();   // form → the change that was saved last
const guarded = () => [...document.querySelectorAll("form[data-guard]")];
const isDirty = (form) => (typed.get(form) ?? 0) > (saved.get(form) ?? 0);

const onChange = (event) => {
  const form = event.target.form;
  if (form?.matches("[data-guard]")) typed.set(form, (typed.get(form) ?? 0) + 1);
};
document.addEventListener("input", onChange);
document.addEventListener("change", onChange);

const formOf = (element) => document.getElementById(element.dataset.autosave ?? "");

document.addEventListener("htmx:beforeRequest", (event) => {
  const form = formOf(event.detail.elt);
  if (form) event.detail.xhr.typed = typed.get(form);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = formOf(event.detail.elt);
  if (!form) return;
  event.detail.elt.classList.toggle("failed", !event.detail.successful);
  if (event.detail.successful) saved.set(form, event.detail.xhr.typed);
  else if (event.detail.xhr.status !== 422) event.detail.elt.textContent = "Not saved. It will be tried again when you type.";
});

document.addEventListener("submit", (event) => saved.set(event.target, Infinity));
addEventListener("beforeunload", (event) => {
  if (guarded().some(isDirty)) event.preventDefault();
});
