// On narrow screens the wizard's pages scroll sideways: the current one is brought into view.
for (const wizard of document.querySelectorAll(".wizard")) {
  const here = wizard.querySelector("[aria-current]");
  if (here) wizard.scrollLeft = here.offsetLeft - (wizard.clientWidth - here.offsetWidth) / 2;
}
