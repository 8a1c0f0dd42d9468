// Entry of the offline page: the buffer and the media stand in the page itself, as base64.

import { createPlayer } from "./player.js";

const bytesOf = (id) => {
  const text = atob(document.getElementById(id).textContent);
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
};
const media = document.getElementById("media");
const mediaUrl = media && URL.createObjectURL(new Blob([bytesOf("media")], { type: media.dataset.type }));
createPlayer(document.getElementById("player"), { buffer: bytesOf("buffer"), mediaUrl });
