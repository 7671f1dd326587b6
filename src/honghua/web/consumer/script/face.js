// Films a face for a few seconds and sends it. The page works without this file: then a film is chosen by hand.

const TYPES = ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
const BITS_PER_SECOND = 1_500_000;

const seize = async () => {
  const video = { facingMode: "user", width: { ideal: 480 }, height: { ideal: 640 } };
  try { return await navigator.mediaDevices.getUserMedia({ video, audio: true }); }
  catch { return await navigator.mediaDevices.getUserMedia({ video }); } // lips alone, where there is no microphone
};

const record = (stream, seconds) => new Promise((done, fail) => {
  const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one));
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: BITS_PER_SECOND });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = () => done(new File(parts, "film", { type: recorder.mimeType }));
  recorder.onerror = () => fail(recorder.error);
  recorder.start();
  setTimeout(() => recorder.stop(), 1000 * seconds);
});

const film = async (box, form) => {
  const words = box.querySelector("[data-face-words]");
  const button = box.querySelector("[data-face-start]");
  const picture = box.querySelector("video");
  button.disabled = true;
  let stream;
  try {
    stream = await seize();
    picture.srcObject = stream;
    await picture.play();
    words.textContent = box.dataset.faceFilming;
    const file = await record(stream, Number(box.dataset.faceSeconds));
    const chosen = new DataTransfer();
    chosen.items.add(file);
    form.elements.film.files = chosen.files;
    words.textContent = box.dataset.faceSending;
    form.requestSubmit(form.querySelector("button:not([type]):not([name])"));
  } catch {
    words.textContent = box.dataset.faceNone;
    button.disabled = false;
  } finally {
    stream?.getTracks().forEach((one) => one.stop());
  }
};

const box = document.querySelector("[data-face-camera]");
if (box && navigator.mediaDevices && window.MediaRecorder) {
  box.hidden = false;
  box.querySelector("[data-face-start]").addEventListener("click", () => film(box, box.closest("form")));
}
