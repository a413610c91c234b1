// The part of the window that the reader sees: from its top to the dock.

/** px from the window's top to where the dock begins. */
function seenUntil() {
  const dock = document.getElementById("dock");
  return dock?.checkVisibility() ? dock.getBoundingClientRect().top : innerHeight;
}

/** Whether something of a list's element can be seen, above `until` (px from the window's top). */
export function isInSight(list, element, until = seenUntil()) {
  const frame = list.getBoundingClientRect();
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > Math.max(frame.top, 0) && top < Math.min(frame.bottom, until);
}

/**
 * Scrolls a list so that the element stands in the upper third of what is seen of it. Where the
 * list cannot, as at its end, the window moves as far as the element lacks, if it may.
 */
export function bringIntoSight(list, element, mayMoveWindow) {
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
  const frame = list.getBoundingClientRect();
  const box = element.getBoundingClientRect();
  const top = Math.max(frame.top, 0);
  const bottom = seenUntil();
  const seen = Math.min(frame.bottom, bottom) - top;
  // Who does not look at the list at all finds the element there later.
  const isLookedAt = seen > box.height;
  const room = isLookedAt ? seen : list.clientHeight;
  const wanted = (isLookedAt ? top : frame.top) + (room - box.height) / 3;
  const most = list.scrollHeight - list.clientHeight;
  const to = Math.min(Math.max(list.scrollTop + box.top - wanted, 0), most);
  const reached = box.top + list.scrollTop - to;
  list.scrollTo({ top: to, behavior });
  if (!isLookedAt || !mayMoveWindow) return;
  const lacks = Math.max(reached + box.height - bottom, 0) || Math.min(reached, 0);
  if (lacks) scrollBy({ top: lacks, behavior });
}
