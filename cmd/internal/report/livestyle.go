package report

// liveStyle is what the live page has beside style.
const liveStyle markup = `.live{max-width:56rem;padding-top:2.5rem}.live h1{margin-bottom:1rem}.live header{display:block}` +
	`.pulse{display:inline-block;width:.5rem;height:.5rem;border-radius:50%;background:var(--good);margin-right:.5rem}.lost .pulse{background:var(--bad);animation:none}.lost .eyebrow::after{content:" · gone: is it still running?"}` +
	`@media(prefers-reduced-motion:no-preference){.pulse{animation:p 2.4s ease-in-out infinite}@keyframes p{50%{opacity:.35}}}` +
	`.set{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}button{font:inherit;color:inherit;border:1px solid var(--rule);background:var(--card);border-radius:.5rem;cursor:pointer;text-align:left}` +
	`button:hover{border-color:var(--soft)}button:focus-visible,summary:focus-visible,input:focus-visible{outline:2px solid var(--vendor);outline-offset:2px}` +
	`.chip{border-color:transparent;border-radius:1rem;padding:.25rem .75rem;font-size:.875rem;background:var(--bad-b);color:var(--bad)}` +
	`.live details{border:0}.live summary{display:flex;align-items:center;gap:.75rem;padding:.75rem .25rem}` +
	`.all{margin:.5rem 0 1.5rem}.all section{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.5rem;margin:0;padding:0 0 .5rem}.all section:not(:has(button:not([hidden]))),[hidden]{display:none!important}` +
	`#find{font:inherit;color:inherit;width:100%;max-width:24rem;margin:.25rem 0 .75rem;padding:.5rem .75rem;border:1px solid var(--rule);border-radius:.5rem;background:var(--card)}` +
	`.all[open]>form{max-height:26rem;overflow:auto}.all h3{grid-column:1/-1;font-size:.8125rem;font-weight:500;color:var(--soft);margin-top:.75rem}.all button{padding:.5rem .75rem;line-height:1.35}` +
	`.all button b,.all button span{display:block}.all button b{font-size:.875rem;font-weight:600}.all button span{font-size:.75rem;color:var(--soft)}` +
	`[aria-pressed=true]{background:var(--bad-b);border-color:var(--bad)}[aria-pressed=true] b{color:var(--bad)}` +
	`.flow>summary{border-top:1px solid var(--rule);border-radius:0}.flow>summary b{font-weight:600;white-space:nowrap;font-variant-numeric:tabular-nums}.flow>summary small{margin-left:auto}` +
	`.pill{font-style:normal;font-size:.75rem;font-weight:600;line-height:1.4;padding:.125rem .625rem;border-radius:1rem;background:var(--calm-b);color:var(--calm);white-space:nowrap}` +
	`.pill.good{background:var(--good-b);color:var(--good)}.pill.bad{background:var(--bad-b);color:var(--bad)}` +
	`.flow .seq{margin:.25rem 0 1.5rem}.live .hop{border-top:1px solid var(--rule)}.live .heads{border:0}.live .hop>summary{display:grid;grid-template-columns:19rem 1fr;gap:0;padding:0;align-items:stretch;font-size:1rem}` +
	`.live .hop>summary::before{display:none}.hop .what{grid-template-columns:1fr auto}.hop .what b{color:var(--ink)}.hop .what .path{grid-column:1}.hop .what .pill{grid-column:2;grid-row:1/3;align-self:center}` +
	`.live .hop dl{padding:.5rem 1.125rem 1rem;background:var(--calm-b)}.empty{margin-top:2rem;color:var(--soft)}` +
	`@media(max-width:46rem){.live{padding-top:1.5rem}.live .hop>summary{grid-template-columns:1fr}.flow>summary small{font-size:.75rem}.flow>summary small span{display:none}.live .hop>summary>.what{grid-column:1;grid-row:1;font-size:.875rem;color:inherit}.live .hop .what .path{grid-column:1;grid-row:auto}}`
