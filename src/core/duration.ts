const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400, w: 604_800 };

/** `"7d"`, `"12h"`, `"30min"`, `"90s"`, `"2w"` in seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = ""] = /^(\d{1,6}(?:\.\d{1,3})?)\s?(s|min|h|d|w)$/.exec(text) ?? [];
  const seconds = Math.round(Number(amount) * (UNIT_SECONDS[unit] ?? Number.NaN));
  return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : undefined;
}

/** How long something took or has lasted, to two units: `3 h 5 min`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
