// The template editor: bold, italic, strikethrough and variables at the cursor, and how many characters are left.
const typedInto = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));

// setRangeText would lose the undo history; execCommand keeps it where it exists.
const put = (field, text) => {
  field.focus();
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    typedInto(field);
  }
};

const wrap = (field, mark) => {
  const { selectionStart: start, selectionEnd: end, value } = field;
  const chosen = value.slice(start, end);
  const words = chosen.trim();
  if (!words) {
    put(field, mark + mark);
    field.setSelectionRange(start + 1, start + 1);
    return;
  }
  const before = chosen.slice(0, chosen.indexOf(words));
  const after = chosen.slice(before.length + words.length);
  put(field, before + mark + words + mark + after);
  field.setSelectionRange(start + before.length + 1, start + before.length + 1 + words.length);
};

// As flows.forms.template.next_variable has it.
const nextVariable = (body, channel) => {
  if (channel === "sms" && (body.includes("{#var#}") || !body.includes("{"))) return "{#var#}";
  const numbers = [...body.matchAll(/\{\{\$?(\d{1,2})\}\}/g)].map((match) => Number(match[1]));
  return `{{${Math.max(0, ...numbers) + 1}}}`;
};

document.addEventListener("click", (event) => {
  const body = document.getElementById("id_body");
  const mark = event.target.closest("[data-wrap]");
  const variable = event.target.closest("[data-insert-variable]");
  if (!body || !(mark || variable)) return;
  event.preventDefault();
  if (mark) wrap(body, mark.dataset.wrap);
  else put(body, nextVariable(body.value, variable.dataset.insertVariable));
});

const counterOf = (field) => {
  const known = document.getElementById(field.id + "_count");
  if (known) return known;
  const counter = document.createElement("span");
  counter.id = field.id + "_count";
  counter.className = "count";
  const tools = field.closest(".editor")?.querySelector(".tools");
  if (tools) tools.append(counter);
  else field.after(counter);
  return counter;
};

// As the server counts: characters, not UTF-16 units.
const count = (field) => {
  const most = Number(field.dataset.most);
  const used = [...field.value].length;
  const counter = counterOf(field);
  const shows = field.tagName === "TEXTAREA" || used > most * .6;
  counter.textContent = shows ? `${used.toLocaleString("en")} of ${most.toLocaleString("en")}` : "";
  if (used > most) counter.dataset.tone = "danger";
  else delete counter.dataset.tone;
};

document.addEventListener("input", (event) => { if (event.target.matches("[data-most]")) count(event.target); });
Fallback.onEach(".template-form [data-most]", count);
