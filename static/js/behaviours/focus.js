// The focus is never lost after a swap: htmx keeps it by id; else it goes to the swapped part.
let focusedInside = false;

document.addEventListener("htmx:beforeSwap", (event) => {
  focusedInside = event.detail.target.contains(document.activeElement);
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (!focusedInside || document.activeElement !== document.body) return;
  focusedInside = false;
  const part = event.detail.target.isConnected ? event.detail.target : document.getElementById("main");
  if (!part.hasAttribute("tabindex")) part.setAttribute("tabindex", "-1");
  part.focus({ preventScroll: true });
});
