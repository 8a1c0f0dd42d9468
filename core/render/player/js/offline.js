// Entry of the offline page: the buffer and the media stand in the page itself, as base64.

import { createPlayer } from "./player.js";

const bytesOf = (id) => {
  const text = atob(document.getElementById(id).textContent);
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
};
const media = document.getElementById("media");
const urlOf = (node) => URL.createObjectURL(new Blob([bytesOf(node.id)], { type: node.dataset.type }));
const mediaUrl = media && urlOf(media);
const locate = (url) => urlOf(document.getElementById(url.slice(1)));
createPlayer(document.getElementById("player"), { buffer: bytesOf("buffer"), mediaUrl, locate });
