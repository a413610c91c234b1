// What somebody has typed into a note's form and not saved: kept in this tab for that person,
// by the form's address, so that neither another page nor a sign-in in between loses it.

import { person } from "./store.js";

const KEPT = ["text", "start", "end", "private", "key", "version"];
// Whoever signs in after another in the same tab finds nothing of theirs.
const PREFIX = "note-drafts.";

function all() {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + person)) ?? {};
  } catch {
    return {};
  }
}

function put(drafts) {
  try {
    if (Object.keys(drafts).length) sessionStorage.setItem(PREFIX + person, JSON.stringify(drafts));
    else sessionStorage.removeItem(PREFIX + person);
  } catch {
    // Without storage the words are in the page alone.
  }
}

function forgetOthers() {
  try {
    for (const name of Object.keys(sessionStorage)) {
      if (name.startsWith(PREFIX) && name !== PREFIX + person) sessionStorage.removeItem(name);
    }
  } catch {
    // Then there is nothing to be found either.
  }
}
forgetOthers();

const fieldsOf = (form) => [...form.elements].filter(({ name }) => KEPT.includes(name));

/** The address that the form posts to, without what it carries along. */
export const addressOf = (form) => new URL(form.getAttribute("action"), location.href).pathname;

/** Keep what stands in the fields, or nothing where there are no words. */
export function keepDraft(form) {
  const drafts = all();
  const value = (field) => (field.type === "checkbox" ? field.checked : field.value);
  const fields = fieldsOf(form).map((field) => [field.name, value(field)]);
  if (form.elements.text.value.trim()) drafts[addressOf(form)] = Object.fromEntries(fields);
  else delete drafts[addressOf(form)];
  put(drafts);
}

/** Put it back into the form; whether there was anything. */
export function restoreDraft(form) {
  const draft = all()[addressOf(form)];
  if (!draft) return false;
  for (const field of fieldsOf(form)) {
    const value = draft[field.name];
    if (value === undefined) continue;
    if (field.type === "checkbox") field.checked = value;
    else field.value = value;
  }
  form.dataset.restored = "";
  return true;
}

export function dropDraft(address) {
  const drafts = all();
  delete drafts[address];
  put(drafts);
}
