// Entry of the live component: Streamlit calls the default export.

import { createLive } from "./live.js";

const LIVE = new WeakMap(); // Streamlit's parent element -> what runs inside it

/** Streamlit calls this at the first mount and again after every rerun or change of theme. */
export default function (component) {
  const { data, parentElement: parent } = component;
  let mounted = LIVE.get(parent);
  const same = mounted && mounted.buffer === data.buffer && mounted.address === data.address;
  if (!same) {
    const heard = mounted ? mounted.live.heard() : 0;
    if (mounted) mounted.live.destroy();
    mounted = { buffer: data.buffer, address: data.address, note: mounted ? mounted.note : data.note.number };
    const bytes = Uint8Array.from(atob(data.buffer), (c) => c.charCodeAt(0));
    const keep = () => mounted.component.setTriggerValue("keep", true);
    mounted.live = createLive(parent, { ...data, bytes, keep });
    LIVE.set(parent, mounted);
    mounted.live.resume(heard);
  } else mounted.live.retheme();
  mounted.component = component;
  if (data.note.number !== mounted.note) {
    mounted.note = data.note.number;
    mounted.live.answer(data.note);
  }
  mounted.unmount ||= () => {
    if (LIVE.get(parent) !== mounted) return;
    LIVE.delete(parent);
    mounted.live.destroy();
  };
  return mounted.unmount;
}
