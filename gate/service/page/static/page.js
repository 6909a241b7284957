// Keeps a page fresh. Without it everything works, by reloading.
"use strict";

const KINDS = ["started", "baseline", "look", "verdict", "approved", "rejected", "cancelled", "broken", "extended", "note", "purged"];
const main = document.querySelector("main");
let asking = null;

// Takes over what changed from a fresh copy of this page, and leaves alone where somebody writes or reads.
async function refresh() {
  if (asking) { asking.again = true; return; }
  asking = { again: false };
  try {
    const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const now of document.querySelectorAll("[data-live]")) take(now, fresh.getElementById(now.id));
    const before = document.title;
    document.title = fresh.title;
    const news = document.getElementById("news");
    if (news && before !== fresh.title) news.textContent = document.querySelector("#verdict h1").textContent + ". " + document.querySelector("#verdict .why").textContent;
    const there = fresh.querySelector("main");
    for (const name of ["running", "events"]) {
      if (name in there.dataset) main.dataset[name] = there.dataset[name]; else delete main.dataset[name];
    }
  } catch { /* The next event asks again. */ } finally {
    const again = asking.again;
    asking = null;
    if (again) refresh();
  }
}

function take(now, then) {
  if (!then) { now.remove(); return; }
  const writing = now.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
  const drafts = [...now.querySelectorAll("input:not([type=hidden])")].some((field) => field.value !== field.defaultValue);
  if (writing || drafts || now.innerHTML === then.innerHTML || now.querySelector(".chart-live")) return;
  const focused = now.contains(document.activeElement) ? [...now.querySelectorAll("a, button, summary")].indexOf(document.activeElement) : -1;
  const open = [...now.querySelectorAll("details[open]")].map((each) => each.id || each.textContent);
  const left = document.importNode(then, true);
  for (const each of left.querySelectorAll("details")) each.open = open.includes(each.id || each.textContent);
  now.replaceWith(left);
  if (focused >= 0) [...left.querySelectorAll("a, button, summary")][focused]?.focus();
}

function follow(run) {
  const said = (text) => { const place = document.getElementById("stream"); if (place) place.textContent = text; };
  const stream = new EventSource(`/v1/runs/${encodeURIComponent(run)}/events`);
  let soon = 0, slow = 0;
  const heard = (event) => {
    // A stream begins with all there was; the page knows that already.
    if (Number(event.lastEventId) <= Number(main.dataset.events)) return;
    clearTimeout(soon);
    soon = setTimeout(refresh, 100);
  };
  for (const kind of KINDS) stream.addEventListener(kind, heard);
  stream.addEventListener("open", () => { clearInterval(slow); slow = 0; said("Live."); });
  stream.addEventListener("end", () => { stream.close(); clearInterval(slow); });
  stream.addEventListener("error", () => {
    // Closed for good: too many streams, or an older server. Then the page asks by itself.
    said(stream.readyState === EventSource.CLOSED ? "Asking every 10 seconds." : "Connecting again …");
    if (stream.readyState === EventSource.CLOSED && !slow) slow = setInterval(() => ("running" in main.dataset ? refresh() : clearInterval(slow)), 10000);
  });
}

async function explore(button) {
  button.disabled = true;
  button.textContent = "Loading …";
  try {
    const [specs] = await Promise.all([
      fetch(`${location.pathname}/charts.json`).then((answer) => answer.json()),
      new Promise((loaded, failed) => {
        const script = Object.assign(document.createElement("script"), { src: button.dataset.script, onload: loaded, onerror: failed });
        document.head.append(script);
      }),
    ]);
    for (const figure of document.querySelectorAll("[data-chart]")) {
      const place = document.createElement("div");
      place.className = "chart-live";
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", figure.querySelector("img").alt);
      const spec = specs[figure.dataset.chart];
      spec.width = Math.max(240, figure.clientWidth - 80);
      await window.gateChart(place, spec);
      figure.querySelector("picture").replaceWith(place);
    }
    button.remove();
  } catch {
    button.disabled = false;
    button.textContent = "The charts could not be loaded; try again";
  }
}

if (main?.dataset.run && "running" in main.dataset) follow(main.dataset.run);
const button = document.getElementById("explore");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => explore(button));
}
if (document.getElementById("runs")) {
  setInterval(() => { if (!document.hidden && document.querySelector("#runs[data-running]")) refresh(); }, 10000);
}
// What is done about a verdict comes after it, when its stream has ended.
if (document.getElementById("actions")) {
  setInterval(() => { if (!document.hidden && document.querySelector("#actions[data-due]")) refresh(); }, 4000);
}
