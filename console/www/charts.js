/* charts.js - two charts drawn by hand, each with a text for who cannot see it. The table with the same figures stands beside them. */
import {h, s} from "./dom.js";

const HEIGHT = 220;

function ticks(most) {
	const step = [1, 2, 5].map((base) => base * 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, most))) - 1)).concat([1, 2, 5, 10].map((base) => base * 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, most)))))).find((one) => most / one <= 5) || most;
	const found = [];
	for (let at = 0; at <= most + step - 1; at += step)
		found.push(at);
	return found;
}

/* A legend of [class, text]. */
function legend(entries) {
	return h("ul", {class: "legend", "aria-hidden": "true"}, entries.map(([kind, text]) => h("li", null, s("svg", {width: 14, height: 14, viewBox: "0 0 14 14"}, kind.startsWith("line") ? s("line", {x1: 0, y1: 7, x2: 14, y2: 7, class: kind}) : s("rect", {width: 14, height: 14, rx: 3, class: kind})), text)));
}

/* Days side by side: bars stacked from parts [class, text, value(row)], and a line over them (value null: it stops there). */
export function columns({title, summary, rows, label, parts, line}) {
	const room = document.getElementById("main").clientWidth - 84;
	const width = Math.max(300, room, rows.length * (room < 600 ? 20 : 26) + 60);
	const left = 40;
	const bottom = 34;
	const most = Math.max(1, ...rows.map((row) => parts.reduce((sum, [, , value]) => sum + value(row), 0)), ...(line ? rows.map((row) => line.value(row) || 0) : []));
	const marks = ticks(most);
	const top = marks[marks.length - 1];
	const y = (value) => 10 + (HEIGHT - bottom - 10) * (1 - value / top);
	const slot = (width - left - 10) / rows.length;
	const bars = rows.map((row, index) => {
		let base = 0;
		const x = left + index * slot + slot * 0.16;
		return s("g", null, s("title", null, `${label(row, true)}: ${parts.map(([, text, value]) => `${text} ${value(row)}`).join(", ")}`), parts.map(([kind, , value]) => {
			const amount = value(row);
			if (amount <= 0)
				return null;
			const bar = s("rect", {x, y: y(base + amount), width: slot * 0.68, height: Math.max(1, y(base) - y(base + amount)), class: kind, rx: Math.min(3, slot * 0.1)});
			base += amount;
			return bar;
		}));
	});
	const every = Math.ceil(rows.length * 44 / (width - left));
	const points = line ? rows.map((row, index) => [left + (index + 0.5) * slot, line.value(row)]) : [];
	const path = points.map(([x, value], index) => value === null ? "" : `${index === 0 || points[index - 1][1] === null ? "M" : "L"}${(x - slot / 2).toFixed(1)} ${y(value).toFixed(1)}H${(x + slot / 2).toFixed(1)}`).join("");
	return h("figure", {class: "chart"},
		h("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": title, "data-scroll": title},
			s("svg", {viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${title}. ${summary}`, class: "columns", width, height: HEIGHT},
				marks.map((mark) => s("g", {class: "axis"}, s("line", {x1: left, x2: width - 8, y1: y(mark), y2: y(mark)}), s("text", {x: left - 8, y: y(mark) + 4, "text-anchor": "end"}, mark))),
				bars, path ? s("path", {d: path, class: line.kind}) : null,
				rows.map((row, index) => index % every === 0 ? s("text", {class: "day", x: left + (index + 0.5) * slot, y: HEIGHT - 12, "text-anchor": "middle"}, label(row)) : null))),
		legend([...parts.map(([kind, text]) => [kind, text]), ...(line ? [[line.kind, line.text]] : [])]),
		h("figcaption", null, summary));
}

/* Groups below one another: one bar each, divided into parts of its whole; behind it a figure. */
export function shares({title, summary, rows, label, parts, figure}) {
	const most = Math.max(1, ...rows.map((row) => parts.reduce((sum, [, , value]) => sum + value(row), 0)));
	return h("figure", {class: "chart"},
		h("div", {class: "bars", role: "img", "aria-label": `${title}. ${summary}`},
			rows.map((row) => {
				const whole = parts.reduce((sum, [, , value]) => sum + value(row), 0);
				let at = 0;
				return h("div", {class: "bar-row", "aria-hidden": "true"}, h("span", {class: "bar-name"}, label(row)),
					s("svg", {viewBox: "0 0 400 18", preserveAspectRatio: "none", class: "bar-line"}, s("title", null, parts.map(([, text, value]) => `${text} ${value(row)}`).join(", ")), parts.map(([kind, , value]) => {
						const amount = value(row) * 400 / most;
						if (amount <= 0)
							return null;
						const bar = s("rect", {x: at, y: 0, width: Math.max(1, amount - 1), height: 18, class: kind});
						at += amount;
						return bar;
					})),
					h("span", {class: "bar-figure"}, figure(row, whole)));
			})),
		legend(parts.map(([kind, text]) => [kind, text])),
		h("figcaption", null, summary));
}
