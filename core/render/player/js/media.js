// The <video> or <audio> element of a player.

import { element } from "./dom.js";

/** The element that plays `header.media`: `previous` where it has loaded this URL already; null without media. */
export function adoptMedia(header, previous) {
  if (!header.media) return null;
  const url = new URL(header.media, document.baseURI).href;
  const media = previous && previous.dataset.url === url ? previous : element(header.hasVideo ? "video" : "audio");
  if (media !== previous) {
    media.dataset.url = url;
    media.preload = "auto";
    media.playsInline = true;
    media.src = url;
  }
  media.className = "sm-media";
  media.tabIndex = -1;
  media.setAttribute("aria-hidden", "true");
  return media;
}
