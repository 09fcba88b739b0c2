// Presets of a wait fill in number and unit; the one that fits is pressed.
const secondsOf = (box) => {
  const [number, unit] = box.querySelectorAll("input, select");
  return Number(number.value) * (unit.value === "min" ? 60 : 1);
};

const mark = (box) => box.querySelectorAll("[data-wait-s]").forEach((preset) => {
  preset.setAttribute("aria-pressed", String(Number(preset.dataset.waitS) === secondsOf(box)));
});

document.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-wait-s]");
  if (!preset) return;
  const [number, unit] = preset.closest("[data-wait]").querySelectorAll("input, select");
  const seconds = Number(preset.dataset.waitS);
  const inMinutes = seconds % 60 === 0;
  number.value = inMinutes ? seconds / 60 : seconds;
  unit.value = inMinutes ? "min" : "s";
  number.dispatchEvent(new Event("input", { bubbles: true }));
  number.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("input", (event) => {
  const box = event.target.closest("[data-wait]");
  if (box) mark(box);
});
Fallback.onEach("[data-wait]", mark);
