// Calls as the server tells the player of them.

export const part = (voice, start, duration) => ({
  url: `/recordings/rec_${voice}_${start}/audio.mp3`,
  waveform: `/recordings/rec_${voice}_${start}/waveform`,
  start,
  duration,
});

/** voices: { agent: [[start, duration]] }. */
export function facts(voices, more = {}) {
  const parts = Object.entries(voices).map(([voice, files]) => [
    voice,
    files.map(([start, duration]) => part(voice, start, duration)),
  ]);
  return {
    id: "sess_1",
    place: "/sessions/sess_1/listening",
    room: "/sessions/sess_1/",
    channel: "",
    heard: "",
    length: Math.max(...Object.values(voices).flat().map(([start, duration]) => start + duration)),
    missing: [],
    verdict: "",
    voices: Object.fromEntries(parts),
    ...more,
  };
}
