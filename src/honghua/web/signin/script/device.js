// The key of a bound device: made here, kept here, never out of here. Every page works without this file; then no device is bound.

const STORE = "keys";

const open = () => new Promise((done, fail) => {
  const asked = indexedDB.open("honghua-device", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
  asked.onsuccess = () => done(asked.result);
  asked.onerror = () => fail(asked.error);
});

const ask = async (mode, work) => {
  const base = await open();
  return new Promise((done, fail) => {
    const asked = work(base.transaction(STORE, mode).objectStore(STORE));
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
};

const find = (owner) => ask("readonly", (store) => store.get(owner));

const make = async (owner) => {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  await ask("readwrite", (store) => store.put(pair, owner));
  return pair;
};

const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const toBytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));

// A challenge on the page: signed where this browser has its owner's key; `data-device-go` sends the form at once.
const answer = async (box) => {
  const pair = await find(box.dataset.deviceOwner);
  if (!pair) return;
  const form = box.querySelector("form");
  const signed = await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, toBytes(box.dataset.deviceMessage));
  form.elements.signature.value = toText(signed);
  if ("deviceGo" in box.dataset) form.requestSubmit();
};

// The wish to bind this browser: its public half goes with the form, as long as the box is ticked.
const offer = (box) => {
  const tick = box.querySelector("input[type=checkbox]");
  const field = box.querySelector("input[name=device_key]");
  box.hidden = false;
  tick.addEventListener("change", async () => {
    field.value = "";
    if (!tick.checked) return;
    const pair = await find(box.dataset.deviceOwner) ?? await make(box.dataset.deviceOwner);
    const key = toText(await crypto.subtle.exportKey("raw", pair.publicKey));
    if (tick.checked) field.value = key;
  });
};

if (window.isSecureContext && window.indexedDB && crypto.subtle) {
  for (const box of document.querySelectorAll("[data-device-message]")) answer(box).catch(() => {});
  for (const box of document.querySelectorAll("[data-device-offer]")) offer(box);
}
