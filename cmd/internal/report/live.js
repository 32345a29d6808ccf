"use strict";
// What is new is waited for, and put where it belongs. Parts that did not change are left alone, so that scrolling,
// focus and whatever the reader opened stay as they are.
const main = document.querySelector("main");
const shown = new Map([...main.children].map(part => [part.id, part.outerHTML]));
const opened = new Map(); // by id, what the reader opened or closed
let after = main.dataset.after;
let sought = "";

function put(html) {
  const page = document.createElement("template");
  page.innerHTML = html;
  const focus = document.activeElement?.closest("[id]")?.id;
  let at = main.firstElementChild;
  for (const part of [...page.content.children]) {
    const old = document.getElementById(part.id);
    const text = part.outerHTML;
    if (old && shown.get(part.id) === text) {
      if (old === at) at = at.nextElementSibling;
      else main.insertBefore(old, at);
      continue;
    }
    shown.set(part.id, text);
    const scrolled = old?.querySelector("form")?.scrollTop;
    if (old && old === at) at = at.nextElementSibling;
    old?.remove();
    main.insertBefore(part, at);
    restore(part);
    if (scrolled) part.querySelector("form").scrollTop = scrolled;
  }
  while (at) {
    const gone = at;
    at = at.nextElementSibling;
    shown.delete(gone.id);
    gone.remove();
  }
  if (focus && document.activeElement === document.body) {
    const again = document.getElementById(focus);
    (again?.querySelector(":scope > summary") ?? again)?.focus({preventScroll: true});
  }
}

// restore makes a part that came anew what its reader had made of it.
function restore(part) {
  for (const box of [part, ...part.querySelectorAll("details")]) {
    if (opened.has(box.id)) box.open = opened.get(box.id);
  }
  const find = part.querySelector("#find");
  if (!find) return;
  find.hidden = false;
  find.value = sought;
  filter();
}

function filter() {
  for (const fault of main.querySelectorAll(".all button")) {
    fault.hidden = !fault.textContent.toLowerCase().includes(sought.toLowerCase());
  }
}

main.addEventListener("input", event => {
  sought = event.target.value;
  filter();
});

main.addEventListener("click", event => {
  const box = event.target.closest("summary")?.parentElement;
  if (!box) return;
  opened.set(box.id, !box.open); // a click comes before what it does
  for (let around = box; (around = around.parentElement.closest("details"));) opened.set(around.id, true);
});

main.addEventListener("submit", async event => {
  event.preventDefault();
  try {
    const body = new URLSearchParams([[event.submitter.name, event.submitter.value]]);
    const answer = await fetch(event.target.action, {method: "POST", body});
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    put(page.querySelector("main").innerHTML);
  } catch {
    document.body.className = "lost";
  }
});

async function news() {
  const answer = await fetch("news?after=" + after, {cache: "no-store"});
  if (!answer.ok) throw new Error(answer.statusText);
  const html = await answer.text();
  after = answer.headers.get("X-After");
  document.body.className = "";
  put(html);
}

const pause = ms => new Promise(done => setTimeout(done, ms));

(async () => {
  const faults = document.getElementById("faults");
  if (faults.open) opened.set(faults.id, true);
  restore(faults);
  for (;;) {
    try {
      await news();
      await pause(150);
    } catch {
      document.body.className = "lost";
      await pause(2000);
    }
  }
})();
