// A newcomer's time zone is the one of their browser, unless they have chosen already.
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (!document.getElementById("error-summary")) {
  document.querySelectorAll("select[data-own-time-zone]").forEach((select) => {
    if ([...select.options].some((option) => option.value === own)) select.value = own;
  });
}
