// What behaviours share: words for screen readers and toasts. Each behaviour is a file of its own,
// listens on the document, and so works for content that arrives later.
window.Fallback = {
  say(words) {
    const live = document.getElementById("live");
    live.textContent = "";
    setTimeout(() => { live.textContent = words; }, 50);
  },

  toast(words, { role = "alert", ms = 8000 } = {}) {
    const toasts = document.getElementById("toasts");
    if ([...toasts.children].some((toast) => toast.textContent === words)) return;
    const toast = document.createElement("div");
    toast.setAttribute("role", role);
    toast.textContent = words;
    toasts.append(toast);
    setTimeout(() => toast.remove(), ms);
  },

  stored(key, fallback = "") {
    try { return localStorage.getItem("fallback." + key) ?? fallback; } catch { return fallback; }
  },

  store(key, value) {
    try { localStorage.setItem("fallback." + key, value); } catch { /* private window */ }
  },

  // Acts on every element that fits: now in the page, later in whatever htmx brings in.
  onEach(selector, act) {
    const all = (root) => {
      if (root.matches?.(selector)) act(root);
      root.querySelectorAll(selector).forEach(act);
    };
    all(document);
    document.addEventListener("htmx:load", (event) => all(event.detail.elt));
  },
};

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest(".callout")?.remove();
});
