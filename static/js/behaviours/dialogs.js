// Links with data-dialog show the confirm page they lead to as a dialog; without JavaScript they lead there.
const dialog = document.getElementById("dialog");

const showPage = async (href) => {
  const answer = await fetch(href, { headers: { "X-Requested-With": "dialog" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const confirm = page.querySelector("[data-confirm]");
  if (!answer.ok || !confirm) throw new Error("not a confirm page");
  dialog.replaceChildren(document.importNode(confirm, true));
  dialog.setAttribute("aria-labelledby", confirm.getAttribute("aria-labelledby"));
  dialog.showModal();
};

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  link.closest("[popover]")?.hidePopover();
  try {
    await showPage(link.href);
    dialog.addEventListener("close", () => dialog.replaceChildren(), { once: true });
  } catch {
    location.assign(link.href);
  }
});

dialog.addEventListener("click", (event) => {
  const outside = event.target === dialog && !event.composedPath().some((node) => node.dataset?.confirm !== undefined);
  if (event.target.closest("[data-dialog-close]") || outside) {
    event.preventDefault();
    dialog.close();
  }
});
