// Keys: elements name theirs with data-key ("/", "c", "g f"). "?" lists them; there they can be switched off.
// Ctrl+Enter presses the primary button of the form.
let first = "";
let timer = 0;
const isOn = () => Fallback.stored("keys", "on") === "on";
const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");
const keyed = () => [...document.querySelectorAll("[data-key]")].filter((element) => !element.disabled);

const make = (tag, text, attributes = {}) => {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

const nameOf = (element) =>
  element.dataset.keyName ?? element.getAttribute("aria-label") ?? (element.labels?.[0] ?? element).textContent.trim();

const rowsOf = () => [
  ...keyed().map((element) => [element.dataset.key, nameOf(element)]),
  ["Ctrl Enter", "Save or continue"],
  ["?", "This list"],
];

const listKeys = () => {
  const dialog = document.getElementById("dialog");
  const list = make("dl", "", { class: "keys" });
  for (const [keys, name] of rowsOf()) {
    const term = make("dt", "");
    for (const key of keys.split(" ")) term.append(make("kbd", key));
    list.append(term, make("dd", name));
  }
  const off = make("input", "", { type: "checkbox" });
  off.checked = isOn();
  off.addEventListener("change", () => Fallback.store("keys", off.checked ? "on" : "off"));
  const label = make("label", "", { class: "check" });
  label.append(off, make("span", "Single-key shortcuts are on"));
  const actions = make("div", "", { class: "actions" });
  actions.append(make("button", "Close", { class: "btn", type: "button", "data-dialog-close": "" }));
  const box = make("section", "", { class: "stack", "data-confirm": "" });
  box.append(make("h2", "Keyboard shortcuts", { id: "keys-title" }), list, label, actions);
  dialog.replaceChildren(box);
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.showModal();
};

const press = (keys) => {
  const element = keyed().find((candidate) => candidate.dataset.key === keys);
  if (!element) return false;
  if (element.matches("input, select, textarea")) { element.focus(); element.select?.(); } else element.click();
  return true;
};

const submit = (event) => {
  const form = event.target.closest("form") ?? document.querySelector("main form[data-guard]");
  const button = form?.querySelector(".primary:not([disabled])");
  if (button) { event.preventDefault(); button.click(); }
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") return submit(event);
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (!isOn() || document.querySelector("dialog[open]")) return;
  const keys = first ? first + " " + event.key : event.key;
  clearTimeout(timer);
  first = "";
  if (event.key === "?") { event.preventDefault(); listKeys(); }
  else if (press(keys)) event.preventDefault();
  else if (keyed().some((element) => element.dataset.key.startsWith(event.key + " "))) {
    first = event.key;
    timer = setTimeout(() => { first = ""; }, 1200);
  }
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-keys]")) return;
  event.target.closest("[popover]")?.hidePopover();
  listKeys();
});
