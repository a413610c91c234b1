// The library: asking for other calls, choosing rows, and how the table looks.

// -- asking for other calls ----------------------------------------------------------------

const wishOf = (form) => new URLSearchParams(new FormData(form)).toString();
let leaving = false; // a view, an order or a chip has been chosen, and its answer is on the way

const filters = () => document.querySelector("form.filters");

function rememberWish() {
  const form = filters();
  if (!form) return;
  form.dataset.asked ??= wishOf(form);
  form.dataset.shown ??= form.dataset.asked; // what the page's calls and links go by
}
document.addEventListener("DOMContentLoaded", rememberWish);

// The form asks once for what it says: not again by Enter, nor for an order just left.
document.addEventListener("htmx:confirm", (event) => {
  const form = event.detail.elt;
  if (!form.matches("form.filters")) return;
  const wish = wishOf(form);
  if (leaving || wish === form.dataset.asked) event.preventDefault();
  else form.dataset.asked = wish;
});
// What was typed or chosen is asked for a moment later; a link pressed meanwhile takes it along,
// unless it is about the same field itself.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const form = filters();
  if (!form || !detail.elt.matches("#library a[hx-get]")) return;
  form.dataset.asked = wishOf(form);
  if (detail.elt.matches(".clear")) return;
  const address = new URL(detail.path, location.href);
  const query = address.searchParams;
  const shown = new URLSearchParams(form.dataset.shown);
  for (const [name, value] of new FormData(form)) {
    const before = shown.get(name) ?? "";
    if (value === before || (query.get(name) ?? "") !== before) continue;
    query.set(name, value);
    query.delete("page");
  }
  detail.path = address.pathname + address.search;
});
// What is typed while a link's answer is on the way stays typed, and is asked for after it.
let typedMeanwhile = [];
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const form = filters();
  if (!form || !detail.shouldSwap || detail.target.id !== "library") return;
  const asked = new URLSearchParams(form.dataset.asked);
  typedMeanwhile = [...new FormData(form)].filter(([name, value]) => value !== asked.get(name));
});
function typeAgain() {
  const form = filters();
  if (!form || !typedMeanwhile.length) return;
  for (const [name, value] of typedMeanwhile) form.elements[name].value = value;
  typedMeanwhile = [];
  setTimeout(() => form.requestSubmit()); // once the link's request has ended
}
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const form = filters();
  if (form && detail.target?.id === "calls") form.dataset.shown = form.dataset.asked;
});

// An export of all that match goes by what the filters say, also while the list for it is to come.
document.addEventListener("formdata", ({ formData }) => {
  const form = filters();
  if (!form || !formData.has("query")) return;
  const wish = wishOf(form);
  if (wish !== form.dataset.shown) formData.set("query", `?${wish}`);
});

for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, ({ detail }) => {
    // Nothing is shown of what was asked for, by the form or along with a link.
    const form = filters();
    if (form && ["calls", "library"].includes(detail.target?.id)) form.dataset.asked = "";
  });
}

// Only the sentences about ignored values come anew; their fields stay as they are.
function markIgnored() {
  for (const sentence of document.querySelectorAll(".ignored")) {
    const field = document.getElementById(sentence.id.replace("_error", ""));
    if (sentence.textContent) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", sentence.id);
    } else {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
  }
}
document.addEventListener("htmx:afterSettle", markIgnored);

function setBusy({ detail, type }) {
  if (!["calls", "library"].includes(detail.target?.id)) return;
  const busy = type === "htmx:beforeRequest";
  if (detail.target.id === "library") leaving = busy;
  document.getElementById("calls")?.setAttribute("aria-busy", busy);
}
document.addEventListener("htmx:beforeRequest", setBusy);
document.addEventListener("htmx:afterRequest", setBusy);

// htmx gives the focus back to what has the same id; a chip or a page link may be gone.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  rememberWish();
  typeAgain();
  const used = detail.requestConfig?.elt;
  if (!used || document.activeElement !== document.body) return;
  let next = null;
  if (used.matches(".chip, .clear")) {
    next = document.querySelector(".chip") ?? document.getElementById("id_q");
  } else if (used.matches(".pages a")) next = document.querySelector(".pages a");
  next?.focus({ preventScroll: true });
});

// -- choosing rows -------------------------------------------------------------------------

function showChosen() {
  const boxes = [...document.querySelectorAll('input[name="session"]')];
  const chosen = boxes.filter((box) => box.checked).length;
  const count = document.querySelector("[data-chosen-count]");
  if (count) count.textContent = `${chosen} chosen`;
  const bulk = document.getElementById("bulk");
  if (bulk) bulk.hidden = !chosen;
  const all = document.querySelector("[data-choose-all]");
  if (all) {
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-choose-all]")) {
    for (const box of document.querySelectorAll('input[name="session"]')) {
      box.checked = target.checked;
    }
  }
  if (target.matches('[data-choose-all], input[name="session"]')) showChosen();
});

// -- dense rows ------------------------------------------------------------------------------

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-density]");
  if (!button) return;
  const dense = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", dense);
  document.querySelector(".calls")?.classList.toggle("relaxed", !dense);
  remember("density", dense ? "dense" : "relaxed");
});

// -- columns ---------------------------------------------------------------------------------

function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

document.addEventListener("change", async ({ target }) => {
  if (!target.matches("[data-column]")) return;
  const chosen = [...document.querySelectorAll("[data-column]:checked:enabled")];
  remember("columns", chosen.map((box) => box.dataset.column).join("."));
  const { pathname, search } = location;
  await window.htmx.ajax("GET", pathname + search, { target: "#calls", swap: "outerHTML" });
  document.getElementById("columns").open = true;
  document.getElementById(target.id).focus();
});

function refreshPage() {
  for (const element of document.querySelectorAll("[data-density], [data-choose-all]")) {
    element.hidden = false;
  }
  showChosen();
}
document.addEventListener("DOMContentLoaded", refreshPage);
document.addEventListener("htmx:afterSettle", refreshPage);
