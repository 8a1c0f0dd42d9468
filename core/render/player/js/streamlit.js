// Entry of the player on a page: Streamlit calls the default export.

import { release } from "./followers.js";
import { createPlayer } from "./player.js";
import { hashBytes } from "./unpack.js";

const MOUNTED = new WeakMap(); // Streamlit's parent element -> what runs inside it
const REMEMBERED = new Map(); // content -> state of a player that has gone, newest last
const REMEMBER = 20;

/** Streamlit calls this at the first mount and again after every rerun or change of theme. */
export default function (component) {
  const { data, parentElement: parent, setStateValue } = component;
  const send = (name, value) => MOUNTED.get(parent)?.component.setStateValue(name, value);
  let mounted = MOUNTED.get(parent);
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const hash = hashBytes(bytes);
  if (mounted && mounted.hash === hash) {
    mounted.component = { setStateValue };
    mounted.player.retheme();
    return mounted.unmount;
  }
  const state = mounted ? mounted.player.state() : REMEMBERED.get(hash) || null;
  const { media, videos } = mounted ? mounted.player.destroy() : { media: null };
  mounted = { hash, component: { setStateValue } };
  MOUNTED.set(parent, mounted);
  mounted.unmount = () => {
    if (MOUNTED.get(parent) !== mounted) return;
    MOUNTED.delete(parent);
    REMEMBERED.delete(hash);
    REMEMBERED.set(hash, { ...mounted.player.state(), playing: false });
    if (REMEMBERED.size > REMEMBER) REMEMBERED.delete(REMEMBERED.keys().next().value);
    mounted.player.leaveUrl();
    const left = mounted.player.destroy();
    for (const one of [left.media, ...left.videos.values()]) if (one) release(one); // stops the download, too
  };
  mounted.player = createPlayer(parent, { buffer: bytes, onEvent: send, state, media, videos });
  return mounted.unmount;
}
