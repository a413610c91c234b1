// How words are compared in a search, as the library's search does it
// (services/search_words.py): neither case nor accents nor the
// width of letters count, so that "muller" finds "Müller" and "strasse" finds "Straße".

const ACCENTS = /[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670\u3099\u309a]/g;
const LETTERS = {
  ...{ ß: "ss", ς: "σ", ł: "l", ø: "o", đ: "d", ð: "d", ħ: "h", ı: "i" },
  ...{ æ: "ae", œ: "oe", þ: "th" },
};
const signsOf = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The text as it is compared, and for each place in it where that stands: [start, end]. */
export function folded(text) {
  let signs = "";
  const places = [];
  for (const { segment, index } of signsOf.segment(text)) {
    const bare = segment.normalize("NFKD").toLowerCase().replace(ACCENTS, "");
    const sign = bare.replace(/[^\0-\x7f]/g, (letter) => LETTERS[letter] ?? letter).normalize("NFC");
    signs += sign;
    for (let n = 0; n < sign.length; n += 1) places.push([index, index + segment.length]);
  }
  return { signs, places };
}

/** Where `wanted` stands in the text that was folded: [[start, end]]. */
export function placesOf(wanted, { signs, places }) {
  const found = [];
  for (let at = signs.indexOf(wanted); at >= 0; at = signs.indexOf(wanted, at + wanted.length)) {
    const [[start], [, end]] = [places[at], places[at + wanted.length - 1]];
    // Of a sign that stands for several, as a ligature, there is one hit.
    if (start >= (found.at(-1)?.[1] ?? 0)) found.push([start, end]);
  }
  return found;
}
