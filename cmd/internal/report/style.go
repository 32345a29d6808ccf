package report

// style is all the style there is; its hash is in the policy. Colours are those of the
// callback page.
const style markup = `:root{color-scheme:light dark;--ink:#1c2126;--soft:#5c6670;--paper:#fbfbfa;--card:#fff;--rule:#e4e7e9;--life:#d5d9dd;` +
	`--good:#1a7f4b;--bad:#b3352b;--warn:#8f5f00;--calm:#54616e;--good-b:#e9f5ee;--bad-b:#fbecea;--warn-b:#fcf3df;--calm-b:#eff1f3;` +
	`--device:#54616e;--vendor:#4a5bc4;--identity:#7d4bb3;--carrier:#0b7285;--callback:#1a7f4b;` +
	`--dns:#9aa5b1;--connect:#d9a441;--tls:#9a6cc9;--wait:#4c86c6;--body:#4fa37a}` +
	`@media(prefers-color-scheme:dark){:root{--ink:#eceff1;--soft:#9aa5af;--paper:#14171a;--card:#1b1f23;--rule:#2a3036;--life:#353c43;` +
	`--good:#57c78d;--bad:#f0857b;--warn:#e3b65b;--calm:#9fb0bf;--good-b:#16291f;--bad-b:#311c1a;--warn-b:#2c2413;--calm-b:#22282d;` +
	`--device:#9fb0bf;--vendor:#93a1f5;--identity:#c39bee;--carrier:#5fc3d3;--callback:#57c78d;` +
	`--dns:#6d7986;--connect:#c9973c;--tls:#9d78c7;--wait:#5f97d4;--body:#5bb088}}` +
	`*{box-sizing:border-box;margin:0;padding:0}` +
	`body{background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-text-size-adjust:100%;overflow-wrap:anywhere}` +
	`main{max-width:62rem;margin:0 auto;padding:3.5rem 1.5rem 4rem}` +
	`ol,ul{list-style:none}a{color:inherit;text-decoration:none}a:hover{text-decoration:underline;text-underline-offset:.2em}` +
	`code,.mono,dd{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8125rem;unicode-bidi:isolate}` +
	// the outcome
	`header{display:grid;grid-template-columns:auto 1fr;gap:0 1.5rem}.mark{grid-row:1/3}` +
	`.mark{flex:none;width:4rem;height:4rem;fill:none;stroke:currentColor;stroke-width:2.5;stroke-linecap:round;stroke-linejoin:round}.mark circle{opacity:.28}` +
	`header.good .mark{color:var(--good)}header.bad .mark{color:var(--bad)}header.no .mark{color:var(--calm)}` +
	`.eyebrow{color:var(--soft);font-size:.875rem}` +
	`h1{font-size:2.125rem;font-weight:600;line-height:1.2;letter-spacing:-.02em;margin:.125rem 0 .375rem}` +
	`.lead{color:var(--soft);font-size:1.0625rem;max-width:44rem;text-wrap:pretty}` +
	`.advice{margin:1.5rem 0 0;padding:.875rem 1.125rem;border-left:3px solid var(--calm);background:var(--calm-b);border-radius:0 .5rem .5rem 0}.advice b{margin-right:.375rem}.advice p+p{margin-top:.375rem}.advice code{overflow-wrap:anywhere}.whole{white-space:nowrap}.revealed{border-color:var(--bad);background:var(--bad-b)}.revealed b{color:var(--bad)}` +
	`.numbers{display:grid;grid-template-columns:repeat(5,1fr);margin:2rem 0 0;border:1px solid var(--rule);border-radius:.75rem;background:var(--card)}` +
	`.numbers div{padding:.875rem 1.125rem}.numbers div+div{border-left:1px solid var(--rule)}` +
	`dt,th,.meta,.axis,.legend{color:var(--soft);font-size:.8125rem;font-weight:400}` +
	`.numbers dd{font:600 1.25rem/1.4 system-ui,sans-serif;font-variant-numeric:tabular-nums;letter-spacing:-.01em}` +
	`.steps{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:1rem}` +
	`.steps li{padding:.25rem .75rem;border-radius:1rem;font-size:.875rem;background:var(--good-b)}.steps b{color:var(--good)}` +
	`.steps .bad{background:var(--bad-b)}.steps .bad b{color:var(--bad)}.steps span{color:var(--soft);font-variant-numeric:tabular-nums;margin-left:.25rem}` +
	`section{margin-top:3.25rem}h2{font-size:1.25rem;font-weight:600;letter-spacing:-.01em;margin-bottom:1rem}` +
	// findings
	`.findings{display:grid;gap:.625rem}.findings li{display:flex;gap:.875rem;padding:.875rem 1.125rem;border-radius:.75rem;background:var(--calm-b)}` +
	`.findings .error{background:var(--bad-b)}.findings .warning{background:var(--warn-b)}` +
	`.badge,.flag{flex:none;display:inline-grid;place-items:center;width:1.375rem;height:1.375rem;border-radius:50%;font:600 .8125rem/1 system-ui,sans-serif;color:var(--paper);background:var(--calm)}` +
	`.badge{margin-top:.0625rem}.error .badge,.flag.error{background:var(--bad)}.warning .badge,.flag.warning{background:var(--warn)}` +
	`.findings code{display:block;margin-top:.375rem;color:var(--soft)}.findings a{text-decoration:underline;text-underline-offset:.2em}` +
	// the sequence
	`.seq{border:1px solid var(--rule);border-radius:.75rem;background:var(--card);overflow:hidden}` +
	`.row{display:grid;grid-template-columns:19rem 1fr;min-height:3.375rem}.row+.row{border-top:1px solid var(--rule)}` +
	`.heads{border-bottom:1px solid var(--rule);min-height:0}.row>svg{display:block;width:100%;height:0;min-height:100%}` +
	`.lanes{display:grid;padding:.75rem 0;text-align:center;font-size:.8125rem}` +
	`.n1{grid-template-columns:1fr}.n2{grid-template-columns:repeat(2,1fr)}.n3{grid-template-columns:repeat(3,1fr)}.n4{grid-template-columns:repeat(4,1fr)}.n5{grid-template-columns:repeat(5,1fr)}.n6{grid-template-columns:repeat(6,1fr)}` +
	`.lanes div{min-width:0;padding:0 .25rem}.lanes b,.lanes span{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;unicode-bidi:isolate}.lanes b{font-weight:600}.lanes span{color:var(--soft);font-size:.6875rem}` +
	`.lanes .device b{color:var(--device)}.lanes .vendor b{color:var(--vendor)}.lanes .identity b{color:var(--identity)}.lanes .carrier b{color:var(--carrier)}.lanes .callback b{color:var(--callback)}` +
	`.what{position:relative;display:grid;grid-template-columns:auto 1fr auto;gap:0 .625rem;align-content:center;padding:.5rem .75rem .5rem 1.125rem;font-size:.875rem;line-height:1.35}` +
	`.what b{min-width:1rem;font-variant-numeric:tabular-nums;color:var(--soft);font-weight:600}.what .host{font-weight:500;unicode-bidi:isolate}.what .path{grid-column:2;color:var(--soft);font-size:.75rem;unicode-bidi:isolate}` +
	`.call .what b{grid-row:1/3}.flag{grid-row:1/3;grid-column:3;align-self:center}` +
	`.life{stroke:var(--life);stroke-width:1}.go,.back,.open{stroke-width:1.5;fill:none}.back{stroke-dasharray:4 4;opacity:.75}.tip{overflow:visible}` +
	`.go.vendor,.back.vendor,.open.vendor{stroke:var(--vendor)}.go.identity,.back.identity,.open.identity{stroke:var(--identity)}.go.carrier,.back.carrier,.open.carrier{stroke:var(--carrier)}.go.callback,.back.callback,.open.callback{stroke:var(--callback)}.go.failed{stroke:var(--bad);stroke-dasharray:2 3}` +
	`path.vendor{fill:var(--vendor)}path.identity{fill:var(--identity)}path.carrier{fill:var(--carrier)}path.callback{fill:var(--callback)}path.failed{fill:var(--bad)}path.open{fill:none}` +
	`text{font:600 .75rem system-ui,sans-serif;text-anchor:middle;paint-order:stroke;stroke:var(--card);stroke-width:7px;stroke-linejoin:round;fill:var(--soft);font-variant-numeric:tabular-nums}text.bad{fill:var(--bad)}text.ink{fill:var(--ink)}` +
	// the waterfall
	`.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin-bottom:.75rem}.legend li::before{content:"";display:inline-block;width:.625rem;height:.625rem;border-radius:.1875rem;margin-right:.4375rem}` +
	`.legend .dns::before{background:var(--dns)}.legend .connect::before{background:var(--connect)}.legend .tls::before{background:var(--tls)}.legend .wait::before{background:var(--wait)}.legend .body::before{background:var(--body)}` +
	`.fall li{display:grid;grid-template-columns:16rem 1fr 4.5rem;align-items:center;gap:0 .75rem;padding:.3125rem 0;font-size:.875rem}.fall a{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.fall b{display:inline-block;min-width:1.5rem;color:var(--soft);font-weight:600;margin-right:.25rem}` +
	`.fall span{text-align:right;font-variant-numeric:tabular-nums;color:var(--soft)}.fall svg{display:block}.track{fill:var(--rule)}` +
	`rect.dns{fill:var(--dns)}rect.connect{fill:var(--connect)}rect.tls{fill:var(--tls)}rect.wait{fill:var(--wait)}rect.body{fill:var(--body)}` +
	`.axis{display:flex;justify-content:space-between;margin:.375rem 5.25rem 0 16.75rem;font-variant-numeric:tabular-nums}` +
	// tables
	`table{width:100%;border-collapse:collapse;font-size:.9375rem}th,td{text-align:left;vertical-align:top;padding:.625rem 1rem .625rem 0;border-bottom:1px solid var(--rule)}` +
	`tbody th{color:var(--ink);font-size:.9375rem;font-weight:500;white-space:nowrap}.clients td:nth-child(2){white-space:nowrap;font-weight:600}td.good{color:var(--good)}td.bad{color:var(--bad)}td.unsure{color:var(--warn)}table+.meta{margin-top:.75rem;max-width:44rem}` +
	// hops
	`details{border-bottom:1px solid var(--rule);scroll-margin-top:1rem}details:target{background:var(--calm-b);border-radius:.5rem}` +
	`summary{display:grid;grid-template-columns:.875rem 4.75rem 2.5rem 1fr auto;gap:0 .5rem;padding:.625rem .5rem;cursor:pointer;font-size:.9375rem;list-style:none}summary::-webkit-details-marker{display:none}summary::before{content:"›";color:var(--soft);font-size:1.125rem;line-height:1.3}details[open]>summary::before{transform:rotate(90deg)}summary:hover{background:var(--calm-b)}` +
	`summary b{font-weight:500}summary em{font-style:normal;font-weight:600;font-variant-numeric:tabular-nums;color:var(--soft)}summary em.bad{color:var(--bad)}summary em.ink{color:var(--ink)}summary span{unicode-bidi:isolate}summary small{color:var(--soft);font-size:.875rem;font-variant-numeric:tabular-nums}` +
	`details dl{display:grid;grid-template-columns:8rem 1fr;gap:.25rem 1rem;padding:.25rem .5rem 1.125rem 1.875rem}` +
	`footer{margin-top:3.25rem;padding-top:1.25rem;border-top:1px solid var(--rule);color:var(--soft);font-size:.875rem}footer p+p{margin-top:.375rem}footer span::before{content:"· "}` +
	// a phone
	`@media(max-width:46rem){main{padding:2rem 1rem 3rem}header{gap:0 1rem}.mark{width:3rem;height:3rem;grid-row:1;margin-top:.25rem}.lead{grid-column:1/3;font-size:1rem;margin-top:.375rem}h1{font-size:1.625rem}section{margin-top:2.5rem}` +
	`.numbers{grid-template-columns:repeat(6,1fr)}.numbers div{grid-column:span 2;border:0!important}.numbers div:nth-child(n+4){padding-top:0}` +
	`.row{grid-template-columns:1fr}.heads div:first-child:empty{display:none}.what{padding:.625rem .875rem 0}.row>svg{height:3.375rem;min-height:0}` +
	`.fall li{grid-template-columns:1fr auto;padding:.4375rem 0}.fall svg{grid-row:2;grid-column:1/3}.axis{margin:.375rem 0 0}` +
	`thead{display:none}tbody tr{display:grid;grid-template-columns:1fr auto;padding:.75rem 0;border-bottom:1px solid var(--rule)}tbody th,td{border:0;padding:0}td:nth-child(3){grid-column:1/3;color:var(--soft);font-size:.875rem}` +
	`summary{grid-template-columns:.875rem auto auto 1fr}summary span{grid-column:2/5;grid-row:2;color:var(--soft);font-size:.8125rem}summary small{text-align:right}details dl{grid-template-columns:1fr;gap:0}details dd{margin-bottom:.5rem}}` +
	`@media print{body{background:#fff}section,details,.row{break-inside:avoid}}`
