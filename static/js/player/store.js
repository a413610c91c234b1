// What this browser remembers of a person's taste (never of a call), and the token for posts.

/** Whose page this is. */
export const person = document.getElementById("dock")?.dataset.person;

export function remember(name, value) {
  try {
    localStorage.setItem(`player.${name}`, JSON.stringify(value));
  } catch {
    // Storage may be switched off; then nothing is remembered.
  }
}

export function remembered(name, otherwise) {
  try {
    const value = JSON.parse(localStorage.getItem(`player.${name}`));
    return typeof value === typeof otherwise ? value : otherwise;
  } catch {
    return otherwise;
  }
}

/** The token as it is now: another tab may have signed in anew since this page was made. */
export function csrfToken() {
  const cookie = document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/);
  return cookie ? cookie[1] : JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
}
