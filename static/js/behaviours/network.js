// A request that fails is never silent.
const words = {
  "htmx:sendError": () => "No connection. Your work is still here; try again.",
  "htmx:timeout": () => "The server took too long. Your work is still here; try again.",
  "htmx:responseError": ({ status }) =>
    status === 403 ? "You may not do this, or the page is too old. Reload it and try again."
      : status === 404 ? "This is no longer there. Reload the page."
        : status === 409 ? "Somebody else changed this meanwhile. Reload the page to see both."
          : `The server could not do that (${status}). Your work is still here.`,
};
for (const [name, sentence] of Object.entries(words)) {
  document.addEventListener(name, (event) => Fallback.toast(sentence(event.detail.xhr)));
}

// Polling (data-poll) rests while the tab is hidden.
const resting = new WeakSet();
document.addEventListener("htmx:confirm", (event) => {
  const { elt, issueRequest } = event.detail;
  if (!document.hidden || !elt.matches("[data-poll]")) return;
  event.preventDefault();
  if (resting.has(elt)) return;
  resting.add(elt);
  document.addEventListener("visibilitychange", () => {
    resting.delete(elt);
    if (elt.isConnected) issueRequest(true);
  }, { once: true });
});
