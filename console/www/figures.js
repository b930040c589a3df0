/* figures.js - looking ahead (FORECAST) and back (REPORT). */
import {Away, SignedOut, command} from "./api.js";
import {columns, shares} from "./charts.js";
import {field, h, options, say, show, table} from "./dom.js";
import {refusal, t, word} from "./strings.js";
import {addDays, day, setNow, shortDay, today} from "./time.js";

function trouble(error) {
	if (error instanceof SignedOut)
		return "";
	return error instanceof Away ? t("away.again") : refusal(error);
}

/* What both have: a form above, results below, and a question that is asked again when the form changes. */
function asking(place, heading, fields, read, draw) {
	let ended = false;
	let asked = 0;
	const results = h("div", {class: "results", "aria-busy": "false"});

	async function go() {
		const mine = ++asked;
		results.setAttribute("aria-busy", "true");
		try {
			const found = await read();
			if (!ended && mine === asked) {
				show(results, draw(found));
				const summary = results.querySelector("figcaption");
				say(summary ? summary.textContent : results.textContent);
			}
		} catch (error) {
			if (!ended && mine === asked)
				show(results, h("p", {class: "refusal", role: "alert"}, trouble(error)));
		}
		results.setAttribute("aria-busy", "false");
	}
	return {
		begin() {
			show(place, h("div", {class: "title"}, h("h1", null, heading)), h("form", {class: "filters", onsubmit: (event) => {
				event.preventDefault();
				go();
			}, onchange: go}, fields()), results);
			show(results, h("p", {class: "quiet"}, t("app.loading")));
			go();
		},
		end() {
			ended = true;
		},
		again: go,
	};
}

export function lookAheadView({place}) {
	const days = h("select", null, options([["14", t("ahead.days", {days: 14})], ["30", t("ahead.days", {days: 30})], ["60", t("ahead.days", {days: 60})], ["92", t("ahead.days", {days: 92})]], "30"));
	const capacity = h("input", {inputmode: "numeric", pattern: "[0-9]*", maxlength: 6, placeholder: t("ahead.as_of_late")});
	const queue = h("select", null, options([["", t("ahead.all")]], ""));

	function read() {
		const words = ["FORECAST", "DAYS", days.value];
		if (queue.value && /^[0-9]+$/.test(capacity.value))
			words.push("CAPACITY", `${queue.value}=${capacity.value}`);
		return command(...words);
	}

	function draw(found) {
		const names = [...new Set([...found.capacities.map((one) => one.queue), ...found.days.map((one) => one.queue)])].sort();
		const chosen = names.includes(queue.value) ? queue.value : busiest(found) || names[0] || "";
		queue.replaceChildren(...options(names.map((one) => [one, word("queue", one)]), chosen));
		const known = new Map(found.days.filter((one) => one.queue === chosen).map((one) => [one.day, one]));
		const rows = [];
		/* A day without a row is one without anything. */
		for (let at = found.from; known.size > 0 && at <= found.to; at = addDays(at, 1))
			rows.push(known.get(at) || {day: at, falling_due: 0, waiting: 0, capacity: null, done: 0, missed: 0, left: 0, appointments: 0, appointments_missed: 0, empty: true});
		const basis = found.capacities.find((one) => one.queue === chosen);
		const missed = rows.reduce((sum, one) => sum + one.missed, 0);
		const peak = rows.reduce((best, one) => best === null || one.waiting > best.waiting ? one : best, null);
		if (rows.length === 0)
			return h("p", {class: "lone"}, t("ahead.nothing"));
		return [
			found.first_missed ? h("p", {class: "notice bad"}, t("ahead.first_missed", {day: day(found.first_missed.day), queue: word("queue", found.first_missed.queue), count: found.first_missed.count})) : h("p", {class: "notice good"}, t("ahead.none_missed", {day: day(found.to)})),
			h("section", {class: "card", "aria-label": word("queue", chosen)}, h("h2", null, word("queue", chosen)), h("p", {class: "quiet"}, basisText(basis)),
				columns({title: t("ahead.chart", {queue: word("queue", chosen)}), rows, label: (row, whole) => whole ? day(row.day) : shortDay(row.day),
					summary: t("ahead.summary", {missed, peak: peak ? peak.waiting : 0, day: peak ? day(peak.day) : "–"}),
					parts: [["done", t("ahead.done"), (row) => row.done], ["missed", t("ahead.missed"), (row) => row.missed], ["left", t("ahead.left"), (row) => Math.max(0, row.left - row.missed)]],
					line: {kind: "line capacity", text: t("ahead.capacity"), value: (row) => row.capacity}}),
				h("details", {"data-key": "ahead table"}, h("summary", null, t("app.as_table")), table(t("ahead.chart", {queue: word("queue", chosen)}), [
					[t("ahead.day"), (one) => day(one.day)], [t("ahead.falling_due"), (one) => one.falling_due, {number: true}], [t("ahead.waiting"), (one) => one.waiting, {number: true}],
					[t("ahead.capacity"), (one) => one.capacity === null ? "∞" : one.capacity, {number: true}], [t("ahead.done"), (one) => one.done, {number: true}],
					[t("ahead.missed"), (one) => one.missed > 0 ? h("b", {class: "late"}, one.missed) : 0, {number: true}], [t("ahead.rest"), (one) => one.left, {number: true}], [t("ahead.appointments"), (one) => one.appointments, {number: true}]], rows.filter((one) => !one.empty), {wide: true}))),
		];
	}

	/* What will be missed first, else where most waits. */
	function busiest(found) {
		if (found.first_missed)
			return found.first_missed.queue;
		const calls = new Set(found.capacities.map((one) => one.queue));
		return found.days.filter((one) => calls.has(one.queue)).reduce((best, one) => best === null || one.waiting > best.waiting ? one : best, null)?.queue;
	}

	function basisText(one) {
		if (!one)
			return t("ahead.basis_none");
		if (one.basis === "pace")
			return t("ahead.basis_pace", {contacts: one.contacts, days: one.work_days});
		return t(`ahead.basis_${one.basis}`, {calls: one.calls_a_day === null ? "∞" : one.calls_a_day});
	}

	return asking(place, t("view.ahead"), () => [field(t("ahead.queue"), queue), field(t("ahead.span"), days), field(t("ahead.try"), capacity, {hint: t("ahead.try_hint")})], read, draw);
}

export function reportView({place}) {
	const quarter = `${today().slice(0, 5)}${String(Math.floor((Number(today().slice(5, 7)) - 1) / 3) * 3 + 1).padStart(2, "0")}-01`;
	const from = h("input", {type: "date", value: quarter, required: true});
	const to = h("input", {type: "date", value: today(), required: true});
	const by = h("select", null, options(["rule", "branch", "agent", "queue", "day"].map((one) => [one, t(`report.by_${one}`)]), "rule"));
	let started = false;

	async function read() {
		if (!started) {
			const desk = await command("DESK");
			setNow(desk.now);
			started = true;
			to.value = today();
			from.value = `${today().slice(0, 5)}${String(Math.floor((Number(today().slice(5, 7)) - 1) / 3) * 3 + 1).padStart(2, "0")}-01`;
		}
		return command("REPORT", "FROM", from.value, "TO", to.value, "BY", by.value);
	}

	/* Of what has ended one way or the other by our doing or failing: done in time. */
	function sla(row) {
		const ended = row.done + row.done_late + row.missed;
		return ended > 0 ? Math.round(row.done * 1000 / ended) / 10 : null;
	}

	function percent(value) {
		return value === null ? "–" : `${value.toFixed(1)} %`;
	}

	function draw(found) {
		const kind = found.by;
		const name = (row) => row[kind] === "(none)" || row[kind] === undefined ? t("report.none") : kind === "rule" || kind === "queue" ? word(kind, row[kind]) : kind === "day" ? day(row[kind]) : row[kind];
		const total = found.total;
		const due = found.rows.filter((row) => row.due > 0);
		if (kind !== "day")
			due.sort((one, other) => other.due - one.due);
		return [
			h("dl", {class: "tiles"}, [["report.sla", percent(sla(total))], ["report.due", total.due], ["report.done", total.done], ["report.late", total.done_late], ["report.missed", total.missed, total.missed > 0 ? "bad" : ""], ["report.reach", total.reach_rate === null ? "–" : `${total.reach_rate} %`], ["report.satisfaction", total.satisfaction === null ? "–" : total.satisfaction]]
				.map(([title, value, kind_]) => h("div", {class: `tile ${kind_ || ""}`}, h("dt", null, t(title)), h("dd", null, value)))),
			due.length === 0 ? h("p", {class: "lone"}, t("report.nothing")) : h("section", {class: "card", "aria-label": t("report.chart")}, h("h2", null, t("report.chart")),
				shares({title: t("report.chart"), rows: due, label: name, summary: t("report.summary", {due: total.due, done: total.done, late: total.done_late, missed: total.missed}),
					parts: [["done", t("report.done"), (row) => row.done], ["late", t("report.late"), (row) => row.done_late], ["missed", t("report.missed"), (row) => row.missed], ["suppressed", t("report.suppressed"), (row) => row.suppressed], ["cancelled", t("report.cancelled"), (row) => row.cancelled], ["open", t("report.open"), (row) => row.open]],
					figure: (row) => h("b", {class: sla(row) !== null && sla(row) < 80 ? "late" : null}, percent(sla(row)))})),
			h("section", {class: "card", "aria-label": t("app.as_table")}, table(t("report.table"), [
				[t(`report.by_${kind}`), (row) => row === total ? h("b", null, t("report.total")) : name(row)],
				[t("report.sla"), (row) => percent(sla(row)), {number: true}],
				...["due", "done", "done_late", "missed", "suppressed", "cancelled", "open"].map((one) => [t(one === "done_late" ? "report.late" : `report.${one}`), (row) => row[one], {number: true}]),
				[t("report.calls"), (row) => row.calls, {number: true}], [t("report.reach"), (row) => row.reach_rate === null ? "–" : `${row.reach_rate} %`, {number: true}],
				[t("report.over_cap"), (row) => row.over_cap, {number: true}], [t("report.satisfaction"), (row) => row.satisfaction === null ? "–" : row.satisfaction, {number: true}], [t("report.escalations"), (row) => row.escalations_open > 0 ? h("b", {class: "late"}, `${row.escalations} (${row.escalations_open})`) : row.escalations, {number: true}]],
			[...found.rows, total], {wide: true})),
			found.sample_coverage && found.sample_coverage.length > 0 ? h("section", {class: "card", "aria-label": t("report.sample")}, h("h2", null, t("report.sample")), table(t("report.sample"), [
				[t("report.by_rule"), (row) => `${word("rule", row.rule)} ${row.year}`], [t("report.coverage"), (row) => `${row.coverage} % / ${row.share} %`, {number: true}], [t("report.reached"), (row) => row.reached, {number: true}],
				[t("report.wanted"), (row) => row.wanted, {number: true}], [t("report.projected"), (row) => h("span", {class: row.will_make_it ? null : "late"}, row.projected), {number: true}]], found.sample_coverage, {wide: true})) : null,
		];
	}

	return asking(place, t("view.report"), () => [field(t("report.from"), from), field(t("report.to"), to), field(t("report.by"), by)], read, draw);
}
