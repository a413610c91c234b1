// Small things every page shares: the viewer's time zone, one sound at a time, countdowns, links
// that exchange the page's content alone, and a sentence when a request fails.
// Pages work without it.

// The server writes times in the viewer's zone; it learns the zone's name here.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `tz=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

// Two calls never play together.
document.addEventListener(
  "play",
  (event) => {
    for (const audio of document.querySelectorAll("audio")) {
      if (audio !== event.target) audio.pause();
    }
  },
  true, // media events do not bubble
);

// The box for ids looks like one line, so Enter sends it; Shift+Enter adds a line.
document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  if (target.matches?.("textarea[data-enter-sends]")) {
    event.preventDefault();
    target.form.requestSubmit();
  }
});
// It grows with its text; browsers without `field-sizing` get whole lines.
document.addEventListener("input", ({ target }) => {
  if (target.matches?.("textarea[data-enter-sends]") && !CSS.supports("field-sizing", "content")) {
    target.rows = Math.min(8, target.value.split("\n").length);
  }
});

function startCountdowns(root) {
  for (const element of root.querySelectorAll("[data-countdown]:not([data-running])")) {
    element.dataset.running = "";
    const end = Date.now() + Number(element.dataset.countdown) * 1000;
    const timer = setInterval(() => {
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      element.textContent = left;
      if (left === 0 || !element.isConnected) clearInterval(timer);
    }, 1000);
  }
}
document.addEventListener("DOMContentLoaded", () => startCountdowns(document));
document.addEventListener("htmx:afterSettle", (event) => startCountdowns(event.target));

// A menu closes when one looks elsewhere.
document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
});

// -- links between pages ---------------------------------------------------------------------

// Only `main` is exchanged, so what stands around it is brought up to date here.
function markPlaceInNavigation() {
  for (const link of document.querySelectorAll(".topnav a")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
for (const name of ["htmx:pushedIntoHistory", "htmx:historyRestore"]) {
  document.addEventListener(name, () => markPlaceInNavigation());
}
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target?.id !== "main") return;
  // As after a page load: the next Tab begins at the top of what is new.
  document.getElementById("main").focus({ preventScroll: true });
});
// A page that is missing or not allowed is a page as well; notes that are not saved come back with
// what was typed and what is wrong with it.
const SHOWN = { main: [403, 404], notes: [409, 422] };
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (SHOWN[detail.target?.id]?.includes(detail.xhr.status)) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});
// Their panel is exchanged whole, and its list stays where it was scrolled to.
let notesAt = 0;
const listOf = (panel) => panel?.querySelector(".note-list");
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target?.id === "notes") notesAt = listOf(detail.target)?.scrollTop ?? 0;
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const list = detail.target?.id === "notes" && listOf(document.getElementById("notes"));
  if (list) list.scrollTop = notesAt;
});
// Somebody may have signed in anew in another tab, which changes the token.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const cookie = document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/);
  if (cookie) detail.headers["X-CSRFToken"] = cookie[1];
});

// -- what went wrong ---------------------------------------------------------------------------

let toastTimer;
function toast(sentence) {
  const element = document.getElementById("toast");
  element.textContent = sentence;
  element.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (element.hidden = true), 8000);
}
document.addEventListener("htmx:sendError", () =>
  toast("The portal could not be reached. Nothing was changed; please try again."),
);
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const plain = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
  // A 401 leads to the sign-in page by itself.
  if (xhr.status !== 401) {
    toast(plain ? xhr.responseText : "That did not work. Please reload the page and try again.");
  }
});
