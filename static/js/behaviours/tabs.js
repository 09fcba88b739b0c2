// Tabs: [data-tabs] with <section>s that each begin with a heading. Without JavaScript all are shown, one below the other.
let made = 0;

const choose = (box, index, focus = false) => {
  const tabs = [...box.querySelectorAll(":scope > .tablist > button")];
  [...box.querySelectorAll(":scope > section")].forEach((section, i) => {
    section.hidden = i !== index;
    tabs[i].setAttribute("aria-selected", String(i === index));
    tabs[i].tabIndex = i === index ? 0 : -1;
  });
  if (focus) tabs[index].focus();
  if (box.dataset.tabs) Fallback.store("tabs." + box.dataset.tabs, tabs[index].textContent);
};

const onKey = (box, event) => {
  const tabs = [...box.querySelectorAll(":scope > .tablist > button")];
  const at = tabs.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  choose(box, (to + tabs.length) % tabs.length, true);
};

const build = (box) => {
  const sections = [...box.querySelectorAll(":scope > section")];
  if (box.dataset.ready !== undefined || sections.length < 2) return;
  box.dataset.ready = "";
  const list = document.createElement("div");
  list.className = "tablist";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", box.dataset.tabsName ?? "Views");
  const set = ++made;
  sections.forEach((section, index) => {
    section.id ||= `tab-panel-${set}-${index}`;
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `tab-${set}-${index}`;
    tab.textContent = section.querySelector("h2, h3, h4").textContent;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", section.id);
    tab.addEventListener("click", () => choose(box, index));
    section.setAttribute("role", "tabpanel");
    section.setAttribute("aria-labelledby", tab.id);
    list.append(tab);
  });
  list.addEventListener("keydown", (event) => onKey(box, event));
  box.prepend(list);
  const kept = box.dataset.tabs && Fallback.stored("tabs." + box.dataset.tabs);
  const at = [...list.children].findIndex((tab) => tab.textContent === kept);
  choose(box, Math.max(at, Number(box.dataset.tabsOpen ?? 0)));
};

Fallback.onEach("[data-tabs]", build);
