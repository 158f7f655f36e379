// Looks for new complaints while the page is visible and nobody has paused it.
"use strict";

const PERIOD_MS = 3000; // Soon enough to watch a demo, seldom enough not to be felt.
const pause = document.getElementById("pause");
const news = document.getElementById("news");
pause.hidden = false;

pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  news.textContent = paused ? "Pembaruan dijeda." : "Pembaruan berjalan.";
});

function mayUpdate() {
  // Text that somebody is selecting is left alone.
  const busy = document.hidden || !getSelection().isCollapsed;
  return !busy && pause.getAttribute("aria-pressed") !== "true";
}

async function update() {
  const answer = await fetch("/", { signal: AbortSignal.timeout(PERIOD_MS) });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const shown = document.getElementById("laporan");
  const found = fresh.getElementById("laporan");
  const added = Number(found.dataset.total) - Number(shown.dataset.total);
  if (added === 0) return;
  shown.replaceChildren(...found.childNodes);
  shown.dataset.total = found.dataset.total;
  if (added > 0) news.textContent = `${added} laporan baru.`;
}

(async function watch() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
    if (!mayUpdate()) continue;
    try {
      await update();
    } catch {
      news.textContent = "Sandbox tidak menjawab; dicoba lagi.";
    }
  }
})();
