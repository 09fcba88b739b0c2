// Times: <time data-time="relative|date|clock|countdown">, absolute as title, in local time or UTC.
const zoneName = () => Fallback.stored("zone", "local");
const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

const format = (at, options) =>
  new Intl.DateTimeFormat("en-GB", { ...options, ...(zoneName() === "utc" && { timeZone: "UTC" }) }).format(at);
const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const day = { day: "numeric", month: "short", year: "numeric" };
const absolute = (at) => format(at, { ...day, ...clock, timeZoneName: "short" });

const ago = (at) => {
  const seconds = (at - Date.now()) / 1000;
  if (Math.abs(seconds) < 10) return "just now";
  if (Math.abs(seconds) > 7 * 86400) return format(at, day);
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length);
  return relative.format(Math.trunc(seconds / size), unit);
};

const left = (at) => {
  const seconds = Math.ceil((at - Date.now()) / 1000);
  if (seconds <= 0) return "now";
  return seconds < 60 ? `in ${seconds} s` : `in ${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

const styles = {
  relative: ago,
  countdown: left,
  clock: (at) => format(at, clock),
  date: (at) => format(at, { ...day, ...clock }),
};

const show = (element) => {
  const at = new Date(element.dateTime);
  const words = styles[element.dataset.time]?.(at);
  if (!words || Number.isNaN(at.getTime())) return;
  if (element.textContent !== words) element.textContent = words;
  element.title = absolute(at);
};

const showAll = () => document.querySelectorAll("time[data-time]").forEach(show);
Fallback.onEach("time[data-time]", show);
setInterval(() => document.hidden || document.querySelectorAll("time[data-time='countdown']").forEach(show), 500);
setInterval(() => document.hidden || showAll(), 20000);

const nameSwitch = () => document.querySelectorAll("[data-time-zone] span").forEach((label) => {
  label.textContent = zoneName() === "utc" ? "Show times in local time" : "Show times in UTC";
});
nameSwitch();
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-time-zone]")) return;
  Fallback.store("zone", zoneName() === "utc" ? "local" : "utc");
  nameSwitch();
  showAll();
  Fallback.say(zoneName() === "utc" ? "Times are shown in UTC" : "Times are shown in local time");
});
