"""The bytes of a recording: fetched once, kept in a file, followed while it grows, and judged.

- From a click to bytes: relay, source; what is kept: store, checks, quota, files.
- A fetch: follow, fill, part, tail, growth, and for other processes progress, wishes, wakeups.
- What the bytes are and which slice is asked for: sniff, types, judge, facts,
  http_range.
- The form that a browser can play: playable, player_form, mpeg_header, mp3_frames, index_tag,
  mp4_head, wav_header.
- What can be heard: decode, speech, waveform, channel_check, measurements, analysis, apart.

The modules here know files, bytes and HTTP header values, and no views. None needs Django, and only
those of the first line need threads, so each of the others can be tried alone at a Python prompt.
"""
