// Comfort for the operators. Without this file everything works; pages are then refreshed whole.
"use strict";

// --- The front page refreshes itself ------------------------------------------------------------

// Slow enough to read, quick enough that a new complaint is seen before the telephone rings.
const EVERY_MS = 5000;
const moving = document.getElementById("bergerak");
let paused = false;
let known = ids(document);

function ids(root) {
  return new Set([...root.querySelectorAll("[data-id]")].map((row) => row.dataset.id));
}

function control() {
  const place = document.getElementById("kendali");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button secondary small";
  button.textContent = paused ? "Lanjutkan" : "Jeda";
  button.setAttribute("aria-pressed", String(paused));
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Lanjutkan" : "Jeda";
    button.setAttribute("aria-pressed", String(paused));
    if (!paused) refresh();
  });
  const fresh = document.createElement("span");
  fresh.id = "baru";
  fresh.setAttribute("role", "status");
  place.replaceChildren(button, " ", fresh);
  place.hidden = false;
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const arrived = [...ids(page)].filter((one) => !known.has(one)).length;
  // What somebody is reading or standing on with the keyboard is not taken away.
  const onControl = document.activeElement?.parentElement?.id === "kendali";
  const held = paused || (moving.contains(document.activeElement) && !onControl);
  const fresh = document.getElementById("baru");
  if (held) {
    if (fresh) fresh.textContent = arrived ? `${arrived} aduan baru` : "";
    return;
  }
  moving.replaceChildren(...page.body.childNodes);
  known = ids(moving);
  control();
  if (onControl) document.querySelector("#kendali button").focus();
}

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(moving.dataset.address, { headers: { Accept: "text/html" } });
    if (answer.status === 403 || answer.redirected) {
      clearInterval(timer);
      document.getElementById("pukul").textContent = "Sesi berakhir. Muat ulang halaman untuk masuk lagi.";
      return;
    }
    if (answer.ok) show(await answer.text());
  } catch {
    document.getElementById("pukul").textContent = "Tidak terhubung; dicoba lagi.";
  }
}

let timer = 0;
if (moving) {
  control();
  timer = setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
}

// --- Fields to be copied ---------------------------------------------------------------------------

document.querySelectorAll("[data-copy]").forEach((field) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button secondary";
  button.textContent = "Salin";
  button.setAttribute("aria-label", `Salin ${field.labels[0].textContent}`);
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // Without TLS on a name other than localhost browsers give no clipboard: Ctrl+C does.
      return;
    }
    button.textContent = "Tersalin";
  });
  field.after(button);
});

// --- A form is sent once ---------------------------------------------------------------------------

document.querySelectorAll("form[method=post]").forEach((form) => {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener("pageshow", () => { sent = false; });
});
