// Copy buttons: [data-copy] copies the <code> of its [data-copy-box]. Works on http too.
const copyByHand = (code) => {
  const range = document.createRange();
  range.selectNodeContents(code);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  const done = document.execCommand("copy");
  selection.removeAllRanges();
  return done;
};

const copyText = async (code) => {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    return copyByHand(code);
  }
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const done = await copyText(button.closest("[data-copy-box]").querySelector("code"));
  const words = done ? "Copied" : "Press Ctrl+C";
  const label = button.querySelector("[data-copied]");
  const before = button.dataset.before ??= JSON.stringify([label.textContent, label.hidden]);
  label.textContent = words;
  label.hidden = false;
  button.dataset.done = "";
  Fallback.say(words);
  clearTimeout(button.timer);
  button.timer = setTimeout(() => {
    [label.textContent, label.hidden] = JSON.parse(before);
    delete button.dataset.done;
  }, 1800);
});
