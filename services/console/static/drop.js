// What is dropped anywhere on a box with `data-drop` goes into its field for a file: a field alone takes it on its own few lines, and
// beside them the browser would leave the page for the file.
"use strict";
(() => {
  for (const box of document.querySelectorAll("[data-drop]")) {
    const field = box.querySelector("input[type=file]");
    const hold = (over) => box.classList.toggle("over", over);
    box.addEventListener("dragover", (event) => (event.preventDefault(), hold(true)));
    box.addEventListener("dragleave", () => hold(false));
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      hold(false);
      const [file] = event.dataTransfer.files;
      if (!file) return;
      const one = new DataTransfer();
      one.items.add(file);
      field.files = one.files;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
})();
