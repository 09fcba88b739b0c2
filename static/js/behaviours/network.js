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
document.addEventListener("htmx:confirm", (event) => {
  if (!event.target.matches?.("[data-poll]") || !document.hidden) return;
  event.preventDefault();
  document.addEventListener("visibilitychange", () => event.detail.issueRequest(true), { once: true });
});
