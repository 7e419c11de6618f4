"use strict";
// Without scripts everything is shown; with them, one can look for a word or for silent points only.
const form = document.forms[0];
const points = [...document.querySelectorAll(".point")];
const files = [...document.querySelectorAll(".file")];
function look() {
  const word = form.word.value.toLowerCase();
  for (const point of points) {
    const kept = point.textContent.toLowerCase().includes(word);
    point.hidden = !kept || (form.silent.checked && point.classList.contains("asserted"));
  }
  for (const file of files) file.hidden = !file.querySelector(".point:not([hidden])");
}
form.hidden = false;
form.addEventListener("input", look);
form.addEventListener("submit", (event) => event.preventDefault());
