// Older versions of Node take a .js file for a CommonJS module unless something says otherwise.

import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

// Hooks run in a thread of their own, where this file is loaded once more.
if (isMainThread) register(import.meta.url);

export const load = (url, context, next) =>
  next(url, url.includes("/static/js/") ? { ...context, format: "module" } : context);
