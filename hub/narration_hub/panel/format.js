// Times and numbers as people read them; sentences come from the services as they are.

const UNITS = [[86400000, "d", 3600000, "h"], [3600000, "h", 60000, "min"], [60000, "min", 1000, "s"]];
let utc = false;

// Of several hubs, only the one that is asked looks into its store.
export const elsewhere = (stores) => [
  stores?.not_asked.length ? `; not asked: ${stores.not_asked.join(", ")}` : "", stores?.alone ? "; this hub cannot reach the others now" : "",
].join("");

export const isUtc = () => utc;
export const showUtc = (wanted) => { utc = wanted; };

export function age(ms) {
  for (const [unit, name, smaller, smallerName] of UNITS) {
    if (ms >= unit) {
      const rest = Math.floor((ms % unit) / smaller);
      return `${Math.floor(ms / unit)} ${name}${rest ? ` ${rest} ${smallerName}` : ""}`;
    }
  }
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`;
}

const two = (number) => String(number).padStart(2, "0");

export function clock(ms) {
  if (!Number.isFinite(ms)) return "--:--:--.---";
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "??:??:??.???";
  const [hour, minute, second] = utc
    ? [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()]
    : [at.getHours(), at.getMinutes(), at.getSeconds()];
  return `${two(hour)}:${two(minute)}:${two(second)}.${String(at.getTime() % 1000).padStart(3, "0")}`;
}

// The same with its day, unless that is today.
export function moment(ms, today) {
  if (!Number.isFinite(ms)) return clock(ms);
  const day = (at) => (utc ? [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()] : [at.getFullYear(), at.getMonth() + 1, at.getDate()]).map(two).join("-");
  const own = day(new Date(ms));
  return own === day(new Date(today)) ? clock(ms) : `${own} ${clock(ms)}`;
}

export const since = (ms) => (Number.isFinite(ms) ? `${ms < 0 ? "-" : "+"}${age(Math.abs(ms))}` : "");

export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
