// Peaks and speech of a call, fetched as the server makes them, placed on the call's timeline.
// The binary form is described in recordings/audio/waveform.py.

const DELAYS_S = [1, 1, 2, 3, 5, 8, 13, 21, 30, 30, 60, 60, 60];

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/**
 * The waveform of one file, waiting while it is made; null where there is none. Notes on the call
 * that it was waited for (`waited`), since the server then knows more of the file than the page
 * did, and why there is none (`noWaveform`, a sentence).
 */
async function fetchWaveform(part, call, isWanted) {
  for (const delay of DELAYS_S) {
    if (!isWanted()) return null;
    let answer;
    try {
      answer = await fetch(part.waveform, { cache: "no-store" });
    } catch {
      await pause(delay);
      continue;
    }
    if (answer.status === 200) return parse(await answer.arrayBuffer());
    call.waited = true;
    if (answer.status !== 202 && answer.status < 500 && answer.status !== 429) {
      const plain = (answer.headers.get("Content-Type") || "").startsWith("text/plain");
      if (plain) call.noWaveform = (await answer.text()).trim();
      return null;
    }
    await answer.body?.cancel().catch(() => {});
    await pause(delay);
  }
  return null;
}

export function parse(buffer) {
  const head = new DataView(buffer);
  const lanes = head.getUint8(1);
  const perSecond = head.getUint16(2, true);
  const count = head.getUint32(4, true);
  const duration = head.getUint32(8, true) / 1000;
  const numbers = Array.from({ length: lanes }, (_, n) => head.getUint32(12 + 4 * n, true));
  const body = 12 + 4 * lanes;
  let at = body + Math.ceil((lanes * count) / 4) * 4;
  const found = numbers.map((number, n) => {
    const spans = [];
    for (let span = 0; span < number; span += 1, at += 8) {
      spans.push([head.getUint32(at, true) / 1000, head.getUint32(at + 4, true) / 1000]);
    }
    return { peaks: new Uint8Array(buffer, body + n * count, count), spans };
  });
  return { perSecond, duration, lanes: found };
}

const talk = (lane) => lane.spans.reduce((sum, [start, end]) => sum + end - start, 0);
/** A leg has one voice; a leg in stereo has it on either side. */
const voice = (wave) => wave.lanes.reduce((a, b) => (talk(b) > talk(a) ? b : a));

/** One lane of the call: its pieces, each with a start, and all its speech in the call's time. */
function lane(name, pieces) {
  const spans = pieces.flatMap(({ start, spans: own }) =>
    own.map(([from, to]) => [from + start, to + start]),
  );
  return { name, pieces, spans };
}

function piece(part, wave, found) {
  return { start: part.start, perSecond: wave.perSecond, ...found };
}

/**
 * The lanes of a call: [{ name, pieces, spans }]. The legs where both are there and differ, else
 * the sides of the mixed file, else its one lane or the one leg. null: none can be had.
 */
export async function fetchLanes(call, isWanted) {
  const { agent, customer, mixed } = call.voices;
  const of = async (parts) => {
    const waves = [];
    for (const part of parts) {
      const wave = await fetchWaveform(part, call, isWanted);
      if (!wave) return null;
      if (wave.duration > part.duration) part.duration = wave.duration;
      waves.push(wave);
    }
    return waves;
  };
  const leg = (name, parts, waves) =>
    lane(name, waves.map((wave, n) => piece(parts[n], wave, voice(wave))));

  const both = agent && customer;
  const [mine, theirs] = both ? await Promise.all([of(agent), of(customer)]) : [];
  if (mine || theirs) await learn(call);
  const alike = ["alike", "one sound"].includes(call.verdict);
  if (mine && theirs && !alike) return [leg("agent", agent, mine), leg("customer", customer, theirs)];
  if (mixed) {
    const waves = await of(mixed);
    if (waves) await learn(call);
    if (waves) return sides(mixed, waves, call.verdict);
  }
  if (mine && theirs) return [leg("mixed", agent, mine)];
  for (const [name, parts, had] of [["agent", agent, mine], ["customer", customer, theirs]]) {
    const waves = both ? had : parts && (await of(parts));
    if (waves) {
      await learn(call);
      return [leg(name, parts, waves)];
    }
  }
  return null;
}

/**
 * What came out when the files were analysed, after the page was made: how long they are, whether
 * a browser plays them, whose side is whose.
 */
async function learn(call) {
  if (!call.waited) return;
  call.waited = false;
  try {
    const answer = await fetch(call.place, { cache: "no-store" });
    if (answer.ok) call.correct(await answer.json());
  } catch {
    // As the page told it, then.
  }
}

function sides(parts, waves, verdict) {
  const differ = !["duplicate", "one sound"].includes(verdict);
  const stereo = waves.every((wave) => wave.lanes.length === 2) && differ;
  if (!stereo) return [lane("mixed", waves.map((w, n) => piece(parts[n], w, voice(w))))];
  const order = verdict === "swapped" ? [1, 0] : [0, 1];
  return ["agent", "customer"].map((name, side) =>
    lane(name, waves.map((w, n) => piece(parts[n], w, w.lanes[order[side]]))),
  );
}

/** Fetch the lanes into `call.lanes`, once; tells the page, and whoever measures, when they came. */
export async function bringLanes(call, player) {
  call.lanesComing ??= begin(call, player);
  await call.lanesComing;
}

async function begin(call, player) {
  const { voices } = call;
  const lanes = await fetchLanes(call, () => call.voices === voices && isShown(call, player));
  await learn(call);
  // More files are there by now, and their lanes are asked for by whoever found them.
  if (call.voices !== voices) return;
  if (lanes) call.lanes = lanes;
  else call.lanesComing = null; // so that it can be asked again
  call.measure();
  document.body.dispatchEvent(new CustomEvent("lanes", { detail: call }));
  if (lanes) document.body.dispatchEvent(new Event("lanes-ready"));
  if (player.call === call) player.changed();
}

/** Whether anything on the page draws the call: while a page is changed, two rooms may be there. */
function isShown(call, player) {
  const rooms = [...document.querySelectorAll("call-room")];
  return player.call === call || rooms.some((room) => room.call === call);
}
