// Keeps <div data-preview="URL" data-form="ID"> up to date with the form while it is being edited.
"use strict";

const PAUSE = 300; // milliseconds after the last key

const follow = (target) => {
  const form = document.getElementById(target.dataset.form);
  if (!form) return;
  let waiting;
  let latest = 0;

  const refresh = async () => {
    const turn = ++latest;
    const response = await fetch(target.dataset.preview, { method: "POST", body: new FormData(form) });
    const answer = await response.text();
    // An answer that a later question has overtaken is dropped.
    if (response.ok && turn === latest) target.innerHTML = answer;
  };

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, PAUSE);
  });
};

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-preview]").forEach(follow);
});
