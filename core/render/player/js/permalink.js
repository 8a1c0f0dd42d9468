// The view in the URL of the page: in the query, or behind the # of a page without a server.

import { readView } from "./settings.js";

const PARAMETER = "view";
const LONGEST = 3000; // characters of the parameter: servers cut long URLs
let opened = false; // a URL opens one player, once; then the state of that player counts

export function createPermalink(header) {
  const local = window.location.protocol === "file:";
  const stored = () => {
    const { hash, search } = window.location;
    return new URLSearchParams(local ? hash.slice(1) : search);
  };
  const withView = (text) => {
    const parameters = stored();
    if (text) parameters.set(PARAMETER, text);
    else parameters.delete(PARAMETER);
    const url = new URL(window.location.href);
    if (local) url.hash = parameters.toString();
    else url.search = parameters.toString();
    return url.href;
  };
  return {
    open() {
      if (!header.permalink || opened) return null;
      opened = true;
      const text = stored().get(PARAMETER);
      return text ? readView(text, header) : null;
    },
    /** Only the parameter changes, and nothing reloads; a view that is too long is left out. */
    write(text) {
      if (!header.permalink) return;
      const fits = text.length <= LONGEST ? text : "";
      if ((stored().get(PARAMETER) || "") !== fits) window.history.replaceState(window.history.state, "", withView(fits));
    },
    /** Call `changed` when the URL changes; returns a function that ends that. */
    watch(changed) {
      const events = header.permalink ? window.navigation : null; // unknown to old browsers
      events?.addEventListener("currententrychange", changed);
      return () => events?.removeEventListener("currententrychange", changed);
    },
    link: (text) => (text.length <= LONGEST ? withView(text) : null),
  };
}
