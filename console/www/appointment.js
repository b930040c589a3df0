/* appointment.js - when the client wants to be rung: the times that the daemon offers (BRIEF), by day. */
import {field, h, options, show, unique} from "./dom.js";
import {t} from "./strings.js";
import {clock, day, parse, text} from "./time.js";

const STEP = 15 * 60000;

/* {element, value()}: value is a local time, "" while none is chosen. */
export function appointmentPicker(brief, chosen) {
	const spans = brief ? brief.appointments : [];
	const days = [...new Set(spans.map((one) => one.from.slice(0, 10)))];
	if (!brief)
		return {element: h("p", {class: "quiet"}, t("app.loading")), value: () => ""};
	if (days.length === 0)
		return {element: h("p", {class: "notice bad"}, t("appointment.none", {day: day(brief.appointments_until)})), value: () => ""};
	const name = unique("time");
	const times = h("div", {class: "times", role: "radiogroup", "aria-label": t("appointment.time")});
	const exact = h("input", {type: "time"});
	const picked = h("select", {"data-first": ""}, options(days.map((one) => [one, day(one)]), chosen ? chosen.slice(0, 10) : days[0]));
	let value = chosen || "";

	function ofDay() {
		return spans.filter((one) => one.from.slice(0, 10) === picked.value);
	}

	function draw() {
		show(times, ofDay().map((one) => {
			const all = [];
			const last = parse(one.to);
			for (let at = Math.ceil(parse(one.from) / STEP) * STEP; at < last; at += STEP)
				all.push(text(at).slice(0, 16));
			return h("div", {class: "span"}, all.map((at) => h("label", null, h("input", {type: "radio", name, value: at, checked: at === value, onchange: () => {
				value = at;
				exact.value = clock(at);
			}}), h("span", null, clock(at)))));
		}), h("p", {class: "hint"}, t("appointment.open", {spans: ofDay().map((one) => `${clock(one.from)}–${clock(one.to)}`).join(t("list.comma"))})));
	}
	if (!days.includes(picked.value))
		picked.value = days[0];
	picked.addEventListener("change", () => {
		value = exact.value ? `${picked.value}T${exact.value}` : "";
		draw();
	});
	exact.addEventListener("input", () => {
		value = exact.value ? `${picked.value}T${exact.value}` : "";
		for (const radio of times.querySelectorAll("input"))
			radio.checked = radio.value === value;
	});
	if (value)
		exact.value = clock(value);
	draw();
	return {
		element: h("fieldset", {class: "appointment"}, h("legend", null, t("appointment.title")),
			h("div", {class: "pair"}, field(t("appointment.day"), picked), field(t("appointment.exact"), exact)), times,
			h("p", {class: "hint"}, t("appointment.until", {day: day(brief.appointments_until)}))),
		value: () => value,
	};
}
