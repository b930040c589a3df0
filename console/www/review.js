/* review.js - a contact that was drawn for second-line review, and the form on which it is judged. */
import {Away, Refusal, SignedOut, command} from "./api.js";
import {field, h, say, show, unique} from "./dom.js";
import {refusal, t, word} from "./strings.js";
import {day, moment} from "./time.js";

export function reviewView({place}) {
	let ended = false;
	let review = null;
	let notice = "";

	async function next() {
		try {
			review = await command("REVIEW.NEXT");
			if (!review)
				notice = t("review.none");
		} catch (error) {
			if (error instanceof SignedOut || ended)
				return;
			notice = error instanceof Away ? t("away.again") : refusal(error);
		}
		draw();
	}

	function said(value) {
		if (value === null || typeof value !== "object")
			return String(value);
		if (Array.isArray(value))
			return value.map(said).join(t("list.comma"));
		return Object.entries(value).map(([name, inner]) => `${word("answer", name)}: ${said(inner)}`).join(t("list.semicolon"));
	}

	function draw() {
		if (ended)
			return;
		if (!review) {
			show(place, h("h1", {class: "unseen"}, t("view.review")), h("section", {class: "card hero"}, h("p", {class: "lead"}, t("review.lead")), h("button", {type: "button", class: "primary huge", "data-key": "next", onclick: () => {
				notice = "";
				next();
			}}, t("review.next")), notice ? h("p", {class: "notice calm", role: "status"}, notice) : null));
			return;
		}
		const scores = review.form.map((name) => {
			const group = unique("score");
			const radios = Array.from({length: review.score_max + 1}, (_, value) => h("input", {type: "radio", name: group, value: String(value), required: true}));
			return {name, radios, element: h("fieldset", {class: "marks"}, h("legend", null, word("score", name)), radios.map((radio, value) => h("label", null, radio, h("span", null, value))))};
		});
		const note = h("textarea", {rows: 3, maxlength: 4000});
		const wrong = h("p", {class: "refusal", role: "alert"});
		let verdict = "accepted";
		const form = h("form", {class: "saying", onsubmit: async (event) => {
			event.preventDefault();
			if (verdict === "rejected" && !note.value.trim()) {
				wrong.textContent = t("review.note_needed");
				note.focus();
				return;
			}
			const judged = {scores: Object.fromEntries(scores.map((one) => [one.name, Number(one.radios.find((radio) => radio.checked).value)])), ...(note.value.trim() ? {note: note.value.trim()} : {})};
			try {
				const answer = await command("REVIEW.DONE", review.review, verdict, judged);
				notice = answer.reopened && answer.reopened.length > 0 ? t("review.reopened", {count: answer.reopened.length}) : t(`review.done_${verdict}`);
				review = null;
				say(notice);
				draw();
				place.querySelector("button").focus();
			} catch (error) {
				if (error instanceof SignedOut)
					return;
				if (!(error instanceof Away) && !(error instanceof Refusal))
					throw error;
				wrong.textContent = error instanceof Away ? t("away.again") : refusal(error);
			}
		}}, scores.map((one) => one.element), field(t("review.note"), note), wrong, h("div", {class: "actions"},
			h("button", {class: "primary", type: "submit", onclick: () => { verdict = "accepted"; }}, t("review.accept")), h("button", {class: "danger", type: "submit", onclick: () => { verdict = "rejected"; }}, t("review.reject"))));
		show(place, h("div", {class: "title"}, h("h1", null, t("review.title", {review: review.review})), h("span", {class: "quiet"}, t("review.until", {time: moment(review.lease_until)}))),
			h("div", {class: "desk"}, h("div", {class: "matters"},
				h("section", {class: "card", "aria-label": t("review.contact")}, h("h2", null, t("review.contact")), h("dl", {class: "facts"}, [[t("people.agent"), review.agent], [t("review.at"), moment(review.at)], [t("review.disposition"), word("disposition", review.disposition)], [t("queues.queue"), word("queue", review.queue)], [t("calls.client"), review.clients.map((one) => one.client_ref).join(t("list.comma"))]].map(([title, value]) => h("div", null, h("dt", null, title), h("dd", null, value))))),
				h("section", {class: "card", "aria-label": t("review.closed")}, h("h2", null, t("review.closed")), h("ul", {class: "rows"}, review.closed.map((one) => h("li", null, h("b", null, word("rule", one.rule)), h("span", null, one.client_ref), h("span", {class: "quiet"}, t("review.due", {day: day(one.due_on)})))))),
				h("section", {class: "card", "aria-label": t("review.said")}, h("h2", null, t("review.said")), review.said && Object.keys(review.said).length > 0 ? h("dl", {class: "facts"}, Object.entries(review.said).map(([name, value]) => h("div", null, h("dt", null, word("answer", name)), h("dd", null, said(value))))) : h("p", {class: "quiet"}, t("review.nothing_said")))),
			h("div", {class: "acting"}, h("section", {class: "card", "aria-label": t("review.judge")}, h("h2", null, t("review.judge")), form))));
		scores.length > 0 ? scores[0].radios[0].focus() : note.focus();
	}

	return {
		begin() {
			draw();
		},
		end() {
			ended = true;
		},
		key(event) {
			if (!review && event.key.toLowerCase() === "n" && !event.ctrlKey && !event.metaKey && !event.altKey) {
				event.preventDefault();
				next();
			}
		},
	};
}
