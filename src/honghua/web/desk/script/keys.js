// Keys of the review page: a letter presses the button that shows it, while nobody is typing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const button = document.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  const why = button.form.querySelector("[name=why]");
  if (why && !why.value.trim()) { why.focus(); return; }
  button.form.requestSubmit(button);
});
