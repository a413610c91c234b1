// In which form a file is played, and what to say of one that no browser plays.

// An MP3 of varying bitrate is sought in exactly only inside an MP4, which Safari may not play.
const MP3_IN_MP4 = ['audio/mp4; codecs="mp4a.6B"', 'audio/mp4; codecs="mp3"'];

export const playsMp3InMp4 = (audio) => MP3_IN_MP4.some((type) => audio.canPlayType(type));

/** Have the server send such an MP3 as MP4, or not (any more). */
export function takeMp4(takes) {
  const security = location.protocol === "https:" ? "; Secure" : "";
  const form = takes ? "mp4" : "mp3";
  document.cookie = `audio_form=${form}; Path=/recordings/; SameSite=Lax${security}`;
}

/** What to say of a file that no browser plays; `download` is its address for who may have it. */
export const refusal = (problem, download) => ({
  sentence: download ? `${problem} Download it to listen.` : problem,
  download,
});
