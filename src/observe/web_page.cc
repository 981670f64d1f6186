#include "observe/web_page.h"

namespace ottla::observe {
namespace {

// Text reaches the document only through textContent: topic names and reasons are not ours.
constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Ottla</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>
 :root{color-scheme:light dark}
 body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:75rem;padding:0 1rem}
 h1{font-size:1.2rem} h2{font-size:1.05rem;margin:1.6rem 0 .3rem}
 table{border-collapse:collapse;width:100%} th,td{text-align:left;padding:.2rem .6rem .2rem 0}
 th{font-weight:600;border-bottom:1px solid #8886} td.n,th.n{text-align:right}
 .OK{color:#1a7f37}.DEGRADED{color:#9a6700}.STALLED,.LOSING_DATA,.quarantined{color:#cf222e}
 .muted{opacity:.7}
</style></head><body><h1>Ottla <span id="version"></span> <b id="health"></b></h1>
<div id="flows"></div><p class="muted" id="note"></p>
<script>
const ROWS = 50;
function el(tag, text, cls) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls;
  return e;
}
function num(n, digits) {
  return n === null || n === undefined ? "-" :
    Number(n).toLocaleString("en", {maximumFractionDigits: digits || 0});
}
const order = {quarantined: 0, throttled: 1, lagging: 2};
function urgency(p) { return p.state in order ? order[p.state] : 3; }
function row(cells, tag) {
  const tr = el("tr");
  for (const [text, cls] of cells) tr.append(el(tag, text, cls));
  return tr;
}
function flowView(f) {
  const box = el("section"), h = el("h2", f.flow + " ");
  h.append(el("span", f.health + (f.paused ? " (paused)" : ""), f.health));
  box.append(h);
  for (const r of f.reasons) box.append(el("div", r));
  for (const c of f.clusters)
    box.append(el("div", c.alias + ": " + (c.reachable ? "reachable" : "NOT REACHABLE") +
      (c.detail ? ", " + c.detail : ""), "muted"));
  if (f.ledger_entries) box.append(el("div", f.ledger_entries + " entries in the loss ledger",
    "LOSING_DATA"));
  const t = el("table");
  t.append(row([["Partition"], ["State"], ["Lag (records)", "n"], ["Lag (s)", "n"],
    ["Records/s", "n"], ["Path"], ["Why"]], "th"));
  const ps = [...f.partitions].sort((a, b) => urgency(a) - urgency(b) ||
    (b.lag_records || 0) - (a.lag_records || 0));
  for (const p of ps.slice(0, ROWS))
    t.append(row([[p.topic + "-" + p.partition], [p.state, p.state], [num(p.lag_records), "n"],
      [num(p.lag_seconds, 1), "n"], [num(p.records_per_second), "n"], [p.path], [p.reason]], "td"));
  box.append(t);
  if (ps.length > ROWS) box.append(el("div", "… and " + (ps.length - ROWS) + " more", "muted"));
  return box;
}
async function tick() {
  const note = document.getElementById("note");
  try {
    const s = await (await fetch("/ottla/v1/status")).json();
    document.getElementById("version").textContent = s.version;
    const h = document.getElementById("health");
    h.textContent = s.health; h.className = s.health;
    document.getElementById("flows").replaceChildren(...s.flows.map(flowView));
    note.textContent = "Updated " + new Date().toLocaleTimeString();
  } catch (e) { note.textContent = "No answer: " + e; }
  setTimeout(tick, 2000);
}
tick();
</script></body></html>
)html";

}  // namespace

std::string_view web_page() {
  return kPage;
}

}  // namespace ottla::observe
