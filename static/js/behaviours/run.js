// The tab follows a run: an element with data-run="sending|delivered|…" sets favicon and title.
const icon = document.querySelector("link[rel='icon']");
const title = document.title;

const follow = () => {
  const run = document.querySelector("[data-run]");
  if (!run || !icon) return;
  if (run.dataset.runIcon && icon.getAttribute("href") !== run.dataset.runIcon) icon.href = run.dataset.runIcon;
  document.title = run.dataset.runTitle ? `${run.dataset.runTitle} · ${title}` : title;
};

follow();
document.addEventListener("htmx:afterSettle", follow);
document.addEventListener("htmx:oobAfterSwap", follow);
