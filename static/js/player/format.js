// Seconds as clocks show them and as screen readers say them.

/** 187.4 -> "3:07", 3725 -> "1:02:05"; with tenths: "3:07.4". */
export function clock(seconds, tenths = false) {
  const unit = tenths ? 10 : 1;
  const whole = Math.floor(Math.max(0, seconds) * unit + 1e-6);
  const secs = Math.floor(whole / unit) % 60;
  const minutes = Math.floor(whole / unit / 60) % 60;
  const hours = Math.floor(whole / unit / 3600);
  const two = (number) => String(number).padStart(2, "0");
  const start = hours ? `${hours}:${two(minutes)}` : `${minutes}`;
  return `${start}:${two(secs)}${tenths ? `.${whole % 10}` : ""}`;
}

/** "83.5", "83,5", "1:23.5" -> 83.5; NaN for what is no time. */
export const secondsOf = (text) =>
  text
    .replace(",", ".")
    .split(":")
    .reduce((sum, part) => sum * 60 + Number.parseFloat(part), 0);

/** 192 -> "3 minutes 12". */
export function spoken(seconds) {
  const whole = Math.floor(Math.max(0, seconds));
  const [hours, minutes, secs] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const words = [];
  if (hours) words.push(`${hours} ${hours === 1 ? "hour" : "hours"}`);
  if (hours || minutes) words.push(`${minutes} ${minutes === 1 ? "minute" : "minutes"}`);
  words.push(hours || minutes ? `${secs}` : `${secs} ${secs === 1 ? "second" : "seconds"}`);
  return words.join(" ");
}

export const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
