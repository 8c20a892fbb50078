// Everything can be read without this script: it folds what is in the way of a reader.
const outputs = [...document.querySelectorAll("details.output")];
const contents = document.querySelector(".contents details");
if (contents && matchMedia("(max-width: 69.99rem)").matches) contents.open = false;

const first = document.querySelector(".predict");
if (first && outputs.length) {
  const button = document.createElement("button");
  const fold = (hidden) => {
    for (const output of outputs) output.open = !hidden;
    button.textContent = hidden ? "Show all outputs" : "Hide all outputs";
    button.setAttribute("aria-pressed", hidden);
  };
  const line = document.createElement("p");
  line.className = "fold";
  line.append(button, " To predict honestly, hide them here, and open each when you have answered.");
  document.querySelector("main h1").after(line);
  fold(false);
  button.onclick = () => fold(button.getAttribute("aria-pressed") === "false");
}

let folded = [];
addEventListener("beforeprint", () => {
  folded = outputs.filter((output) => !output.open);
  for (const output of outputs) output.open = true;
});
addEventListener("afterprint", () => {
  for (const output of folded) output.open = false;
});
