/** Colours of masters are Okabe and Ito's, which people with any colour vision tell apart. */
export const STYLE = `
:root {
  --paper: #ffffff; --ink: #1d2430; --quiet: #5b6675; --line: #d9dee6; --track: #f0f2f5; --code: #f3f5f8;
  --good: #1a7f4b; --good-paper: #e6f5ec; --bad: #b3261e; --bad-paper: #fdeceb; --none-paper: #eef1f5;
  --work: #3b73b9; --gate: #9aa5b4; --batch: #7fa8d9; --undone: #b7791f; --limit: #c9d0da; --ponr: #8250b4;
  --m0: #0072b2; --m1: #e69f00; --m2: #009e73; --m3: #cc79a7; --m4: #56b4e9; --m5: #d55e00; --m6: #8a7f00; --m7: #6b7280;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14181f; --ink: #e4e8ee; --quiet: #9aa5b4; --line: #2c3440; --track: #1d232d; --code: #1d232d;
    --good: #5cc98d; --good-paper: #15301f; --bad: #ff8a80; --bad-paper: #3a1917; --none-paper: #1f2631;
    --work: #6aa2e6; --gate: #5b6675; --batch: #3f6da6; --undone: #d9a441; --limit: #39424f; --ponr: #b48ce0;
    --m0: #4aa3df; --m6: #c9bd3f; --m7: #9ca3af;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { margin: 0; font-size: 26px; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 36px 0 12px; padding-top: 12px; border-top: 1px solid var(--line); font-size: 19px; }
h3 { margin: 0 0 6px; font-size: 15px; }
header p, small, figcaption, summary, .unknown, .more { color: var(--quiet); }
header p { margin: 4px 0 0; }
small { font-size: 13px; }
p { margin: 8px 0; overflow-wrap: anywhere; }
code, pre { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; background: var(--code); border-radius: 4px; }
code { padding: 1px 4px; overflow-wrap: anywhere; }
pre { padding: 10px 12px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.banner { padding: 12px 16px; border-left: 5px solid var(--quiet); border-radius: 4px; background: var(--none-paper); }
.banner.good { border-color: var(--good); background: var(--good-paper); }
.banner.bad { border-color: var(--bad); background: var(--bad-paper); }
.banner.good strong { color: var(--good); }
.banner.bad strong, .reasons { color: var(--bad); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 10px 28px; margin: 14px 0; }
.facts dt { color: var(--quiet); font-size: 13px; }
.facts dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.facts dd data { font-weight: 600; }
#window .facts div:nth-child(-n+2) { grid-column: 1 / -1; }
figure { margin: 16px 0; }
figcaption { margin-bottom: 8px; font-size: 13px; }
.row { display: grid; grid-template-columns: 200px minmax(0, 1fr) 96px; column-gap: 12px; align-items: center; }
.row .label { overflow-wrap: anywhere; padding: 2px 0; font-size: 14px; line-height: 1.3; }
.row .value { text-align: right; font-size: 13px; font-variant-numeric: tabular-nums; }
.sub { display: block; padding-left: 14px; color: var(--quiet); font-size: 13px; }
.tag { padding: 0 5px; border: 1px solid currentColor; border-radius: 8px; font-size: 11px; }
svg { display: block; overflow: hidden; }
svg.axis { overflow: visible; }
svg text { fill: var(--quiet); font: 11px system-ui, "DejaVu Sans", sans-serif; }
.track { fill: var(--track); }
.reached, .phase-done, .phase-running, .step-done, .step-running { fill: var(--work); }
.phase-undone, .phase-skipped, .step-canceled { fill: var(--undone); }
.phase-failed, .step-failed, .step-cut-off { fill: var(--bad); }
.gate { fill: var(--gate); }
.batch, .agents { fill: var(--batch); }
.limit { fill: var(--limit); }
.ponr { fill: var(--ponr); }
.turn-back { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 3 2; }
.m0 { fill: var(--m0); } .m1 { fill: var(--m1); } .m2 { fill: var(--m2); } .m3 { fill: var(--m3); }
.m4 { fill: var(--m4); } .m5 { fill: var(--m5); } .m6 { fill: var(--m6); } .m7 { fill: var(--m7); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 8px; padding: 0; list-style: none; font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 6px; overflow-wrap: anywhere; }
details { margin: 6px 0 10px; }
summary { cursor: pointer; font-size: 13px; }
details.phase { margin: 0; }
details.phase > summary { list-style: none; color: inherit; }
details.phase > summary::-webkit-details-marker { display: none; }
details.phase > summary .label::after { content: "+"; margin-left: 6px; color: var(--quiet); }
details.phase[open] > summary .label::after { content: "–"; }
.steps { margin: 2px 0 10px; padding: 6px 0; border-bottom: 1px solid var(--line); border-top: 1px solid var(--line); }
a { color: var(--work); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--quiet); font-weight: 500; font-size: 13px; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td time { white-space: nowrap; font-variant-numeric: tabular-nums; }
.incident { margin: 12px 0; padding: 12px 16px; border: 1px solid var(--line); border-left: 5px solid var(--undone); border-radius: 4px; }
.incident.open { border-left-color: var(--bad); }
@media (max-width: 640px) {
  main { padding: 16px 14px 32px; }
  .facts { grid-template-columns: 1fr; }
  .row { grid-template-columns: minmax(0, 1fr) auto; row-gap: 1px; margin-bottom: 7px; }
  .row .lane, .row .axis { grid-column: 1 / -1; grid-row: 2; }
  .sub { padding-left: 0; }
}
@media print {
  :root { --ink: #000000; --quiet: #444444; }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  svg, .banner, .track { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section, .incident, .row, tr { break-inside: avoid; }
  #phases, #leaders, #agents { break-inside: auto; }
  h2 { break-after: avoid; }
  details.phase > summary .label::after { content: none; }
  details::details-content { content-visibility: visible; height: auto; }
}
`;
