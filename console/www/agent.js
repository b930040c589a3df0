/* agent.js - an agent's desk: one button, then the card of the call he holds. */
import {Away, Refusal, SignedOut, command, commandWith} from "./api.js";
import {appointmentPicker} from "./appointment.js";
import {dialog, field, h, s, say, show, unique} from "./dom.js";
import {refusal, t, word} from "./strings.js";
import {clock, day, due, dueClass, moment, now, parse, span, today} from "./time.js";

const TOUCH_EVERY = 60000;  /* while somebody is at work */
const IDLE_AFTER = 120000;  /* without a key or a hand on the mouse nobody is */
const WARN_SECONDS = 180;
const CONTACTS = new Set(["contact", "refused", "disputed"]);

/* What has been written about a held call: it outlives another page, another language and a sign-in that has become necessary. In memory only. */
let kept = null;
export function forgetDraft() {
	kept = null;
}

export function agentView({place, setNow, who}) {
	let desk = null;        /* DESK */
	let outcomes = [];      /* DISPOSITIONS phone */
	let call = null;        /* what he holds */
	let brief = null;
	let lost = false;       /* the lease ended while he held it */
	let chosen = null;      /* the outcome being told */
	let draft = {};         /* what has been written about this call, whatever outcome it will be */
	let waiting = null;     /* AbortController of NEXT WAIT */
	let notice = null;      /* what the last command came to: {kind, text} */
	let busy = false;
	let leaseSeconds = 900;
	let active = Date.now();
	let touched = Date.now();
	let timers = [];
	let ended = false;
	let warned = 0;
	const parts = {};

	/* --- What the daemon knows ---------------------------------------------------------------------- */

	async function readDesk() {
		desk = await command("DESK");
		setNow(desk.now);
		return desk;
	}

	async function load() {
		try {
			const [, dispositions, mine] = await Promise.all([readDesk(), command("DISPOSITIONS", "phone"), command("MINE")]);
			outcomes = dispositions;
			const held = mine.find((one) => one.channel === "phone" || one.scripts || one.state === "leased");
			if (held)
				await take(held, true);
			else
				drop();
		} catch (error) {
			failed(error);
		}
	}

	/* A call has come. */
	async function take(document_, again) {
		const same = call && call.lease === document_.lease;
		call = document_;
		lost = false;
		touched = Date.now();
		active = Date.now();
		warned = 0;
		const serves = desk && desk.queues ? desk.queues.find((one) => one.queue === call.queue || (one.queue.endsWith("*") && call.queue.startsWith(one.queue.slice(0, -1)))) : null;
		leaseSeconds = serves ? serves.lease_seconds : Math.max(60, (parse(call.lease_until) - now()) / 1000);
		if (!same) {
			chosen = null;
			draft = {};
			brief = null;
			parts.read = null;
			if (kept && kept.name === who.name && kept.lease === call.lease) {
				draft = kept.draft;
				chosen = kept.chosen;
			}
			kept = null;
		}
		draw();
		if (!again)
			say(t("agent.said_call", {name: call.agenda.length > 0 ? call.agenda[0].name : "", matters: call.agenda.length}));
		try {
			brief = await command("BRIEF", call.lease);
			drawBeside();
			if (chosen && chosen.effect === "appoint") {
				keepDraft();
				const here = parts.outcome.contains(document.activeElement) || document.activeElement === document.body;
				drawOutcome();
				if (here)
					parts.outcome.querySelector("[data-first]")?.focus();
			}
		} catch (error) {
			if (!(error instanceof Refusal))
				failed(error);
		}
	}

	function drop() {
		call = null;
		brief = null;
		chosen = null;
		draft = {};
		parts.read = null;
		lost = false;
		draw();
	}

	function failed(error) {
		if (error instanceof SignedOut || error.name === "AbortError" || ended)
			return;
		notice = error instanceof Away ? {kind: "bad", text: t("away.unknown")} : {kind: "bad", text: refusal(error), error};
		if (!(error instanceof Away) && !(error instanceof Refusal))
			throw error;
		drawNotice();
	}

	/* --- Commands ------------------------------------------------------------------------------------- */

	async function next() {
		if (call || waiting || busy)
			return;
		notice = null;
		waiting = new AbortController();
		draw();
		const mine = waiting;
		try {
			let found = await commandWith(mine.signal, "NEXT");
			if (!found)
				say(t("agent.waiting"));
			while (!found && waiting === mine && !ended)
				found = await commandWith(mine.signal, "NEXT", "WAIT", "20");
			if (found && !ended) {
				waiting = null;
				await readDesk();
				await take(found);
			}
		} catch (error) {
			if (waiting === mine)
				waiting = null;
			if (ended || error.name === "AbortError")
				return;
			if (error instanceof Refusal && error.word === "CLOSED") {
				notice = {kind: "calm", text: refusal(error)};
				readDesk().then(draw, failed);
			} else {
				failed(error);
			}
			draw();
		}
	}

	async function stopWaiting() {
		if (!waiting)
			return;
		waiting.abort();
		waiting = null;
		draw();
		/* A call may have been on its way. */
		try {
			const mine = await command("MINE");
			if (mine.length > 0 && !call)
				await take(mine[0]);
		} catch (error) {
			failed(error);
		}
	}

	async function touch() {
		if (!call || lost)
			return;
		touched = Date.now();
		try {
			const fresh = await command("TOUCH", call.lease);
			const before = new Set(call.agenda.map((one) => one.item));
			const joined = fresh.agenda.filter((one) => !before.has(one.item));
			const changed = joined.length > 0 || fresh.agenda.length !== call.agenda.length;
			call = fresh;
			setNow((await readDesk()).now);
			warned = 0;
			drawLease();
			if (changed) {
				if (joined.length > 0) {
					notice = {kind: "calm", text: t("agent.joined", {rules: joined.map((one) => word("rule", one.rule)).join(t("list.comma"))})};
					say(notice.text);
				}
				keepDraft();
				draw();
			}
		} catch (error) {
			if (error instanceof Refusal && error.word === "NOLEASE")
				leaseLost();
			else
				failed(error);
		}
	}

	function leaseLost() {
		if (!call || lost)
			return;
		lost = true;
		delete call.number;
		notice = {kind: "bad", text: t("agent.lease_lost")};
		keepDraft();
		if (chosen && !CONTACTS.has(chosen.effect))
			chosen = null;
		draw();
		say(notice.text);
	}

	async function tell(disposition, said) {
		if (busy)
			return;
		busy = true;
		parts.save.disabled = true;
		parts.wrong.textContent = "";
		try {
			const answer = await command("DONE", call.lease, disposition.disposition, said);
			notice = {kind: "good", text: outcomeText(disposition, answer)};
			await readDesk();
			drop();
			say(notice.text);
			parts.next.focus();
		} catch (error) {
			if (error instanceof Refusal) {
				if (error.word === "NOLEASE" && !CONTACTS.has(disposition.effect))
					leaseLost();
				show(parts.wrong, refusal(error), original(error));
			} else if (error instanceof Away) {
				parts.wrong.textContent = t("away.again");
			} else if (!(error instanceof SignedOut)) {
				throw error;
			}
		} finally {
			busy = false;
			if (parts.save)
				parts.save.disabled = false;
		}
	}

	function outcomeText(disposition, answer) {
		const told = [t("agent.told", {disposition: word("disposition", disposition.disposition)})];
		if (answer.closed.length > 0)
			told.push(t(answer.closed.length === 1 ? "agent.closed_one" : "agent.closed", {count: answer.closed.length}));
		if (answer.over_cap)
			told.push(t("agent.over_cap"));
		if (answer.left.length > 0)
			told.push(answer.not_before ? t("agent.left_until", {time: moment(answer.not_before)}) : t("agent.left"));
		if (answer.joined && answer.joined.length > 0)
			told.push(t("agent.joined", {rules: answer.joined.map((one) => word("rule", one.rule)).join(t("list.comma"))}));
		return told.join(" ");
	}

	function release() {
		if (!call)
			return;
		const reasons = ["release.busy", "release.language", "release.knows", "release.technical"];
		dialog(t("release.title"), (close) => {
			const reason = h("input", {type: "text", maxlength: 60, required: true, list: "release-reasons", autofocus: true});
			const wrong = h("p", {class: "refusal", role: "alert"});
			return h("form", {onsubmit: async (event) => {
				event.preventDefault();
				try {
					const answer = await command("RELEASE", call.lease, reason.value.trim());
					notice = {kind: "calm", text: answer.not_before ? t("release.done_until", {time: moment(answer.not_before)}) : t("release.done")};
					close();
					await readDesk();
					drop();
					say(notice.text);
					parts.next.focus();
				} catch (error) {
					if (error instanceof Refusal && error.word === "NOLEASE") {
						close();
						drop();
					}
					wrong.textContent = error instanceof Away ? t("away.again") : refusal(error);
				}
			}},
			h("p", null, t("release.lead")),
			field(t("release.reason"), reason, {required: true}),
			h("datalist", {id: "release-reasons"}, reasons.map((one) => h("option", {value: t(one)}))),
			wrong,
			h("div", {class: "actions"}, h("button", {class: "primary", type: "submit"}, t("release.do")), h("button", {type: "button", onclick: () => close()}, t("app.cancel"))));
		});
	}

	async function away(code) {
		await stopWaiting();
		try {
			if (code)
				await command("BREAK", code);
			else
				await command("READY");
			notice = null;
			await readDesk();
			draw();
			say(code ? t("agent.on_break", {code: word("break", code), time: clock(desk.since)}) : t("agent.is_ready"));
			(parts.ready || parts.next || place).focus();
		} catch (error) {
			failed(error);
		}
	}

	/* The client rings in: a call by its number, or a contact without one. */
	function rungIn() {
		dialog(t("rang.title"), (close) => {
			const number = h("input", {inputmode: "numeric", pattern: "[0-9]+(\\.[0-9]+)?", maxlength: 20, autofocus: true});
			const ref = h("input", {maxlength: 64, spellcheck: "false"});
			const note = h("textarea", {rows: 3, maxlength: 4000});
			const wrong = h("p", {class: "refusal", role: "alert"});
			const doing = (work) => async (event) => {
				event.preventDefault();
				wrong.textContent = "";
				try {
					await work();
				} catch (error) {
					if (error instanceof SignedOut)
						return;
					wrong.textContent = error instanceof Away ? t("away.again") : refusal(error);
				}
			};
			const at = text16();
			return [
				h("form", {class: "boxed", onsubmit: doing(async () => {
					const found = await command("TAKE", number.value.trim());
					close();
					await readDesk();
					await take(found);
				})}, h("h3", null, t("rang.take")), h("p", {class: "quiet"}, t("rang.take_lead")),
				field(t("rang.call"), number, {required: true}), h("div", {class: "actions"}, h("button", {class: "primary", type: "submit"}, t("rang.take_do")))),
				h("form", {class: "boxed", onsubmit: doing(async () => {
					/* done_at: the same sent again is the same contact. */
					const answer = await command("RECORD", ref.value.trim(), {done_at: at, ...(note.value.trim() ? {note: note.value.trim()} : {})});
					notice = {kind: "good", text: t("rang.recorded", {client: ref.value.trim(), count: answer.closed.length})};
					close();
					await readDesk();
					draw();
					say(notice.text);
				})}, h("h3", null, t("rang.record")), h("p", {class: "quiet"}, t("rang.record_lead")),
				field(t("rang.client"), ref, {required: true}), field(t("form.note"), note),
				h("div", {class: "actions"}, h("button", {class: "primary", type: "submit"}, t("rang.record_do")))),
				wrong,
				h("div", {class: "actions"}, h("button", {type: "button", onclick: () => close()}, t("app.cancel")))];
		});
	}

	function text16() {
		return new Date(now()).toISOString().slice(0, 19);
	}

	/* --- The idle desk ------------------------------------------------------------------------------- */

	function draw() {
		if (ended)
			return;
		parts.notice = h("div", {class: "notices"});
		parts.next = null;
		parts.ready = null;
		parts.save = null;
		if (call)
			drawCard();
		else
			drawIdle();
		drawNotice();
	}

	function drawNotice() {
		if (!parts.notice)
			return;
		show(parts.notice, notice ? h("p", {class: `notice ${notice.kind}`, role: notice.kind === "bad" ? "alert" : null}, notice.text, notice.error ? original(notice.error) : null) : null);
	}

	/* The daemon's own words stand beside ours, for whoever has to ask about them. */
	function original(error) {
		return refusal(error) === error.message ? null : h("span", {class: "original", lang: "en"}, error.message);
	}

	function tally() {
		const told = desk.told || [];
		const total = told.reduce((sum, one) => sum + one.count, 0);
		const contacts = told.reduce((sum, one) => sum + one.contacts, 0);
		return h("section", {class: "card tally", "aria-labelledby": "tally"},
			h("h2", {id: "tally"}, t("tally.title")),
			h("dl", {class: "figures"},
				[["tally.calls", total], ["tally.contacts", contacts], ["tally.rate", total > 0 ? `${Math.round(contacts * 100 / total)} %` : "–"], ["tally.released", desk.released || 0]]
					.map(([name, value]) => h("div", null, h("dd", null, value), h("dt", null, t(name))))),
			told.length > 0 ? h("ul", {class: "chips"}, told.map((one) => h("li", {class: "chip"}, word("disposition", one.disposition), " ", h("b", null, one.count)))) : h("p", {class: "quiet"}, t("tally.none")));
	}

	function queues() {
		return h("section", {class: "card", "aria-labelledby": "myqueues"}, h("h2", {id: "myqueues"}, t("queues.mine")),
			h("ul", {class: "rows"}, (desk.queues || []).map((one) => h("li", null,
				h("span", {class: `dot ${one.paused ? "paused" : one.open ? "open" : "closed"}`, "aria-hidden": "true"}),
				h("b", null, word("queue", one.queue)),
				h("span", {class: "quiet"}, one.paused ? t("queues.paused") : one.open ? t("queues.open") : one.opens_at ? t("queues.opens", {time: moment(one.opens_at)}) : t("queues.closed"))))));
	}

	function appointments() {
		const list = desk.appointments || [];
		if (list.length === 0)
			return null;
		return h("section", {class: "card", "aria-labelledby": "myappointments"}, h("h2", {id: "myappointments"}, t("appointments.mine")),
			h("ul", {class: "rows"}, list.map((one) => h("li", null,
				h("b", {class: parse(one.at) <= now() ? "late" : null}, moment(one.at)),
				h("span", {class: "quiet"}, t("agent.call_number", {call: one.call})),
				h("button", {type: "button", class: "small", onclick: () => command("TAKE", one.call).then(take, failed)}, t("appointments.take"))))));
	}

	function drawIdle() {
		const onBreak = desk && desk.state === "break";
		if (!desk) {
			show(place, h("h1", {class: "unseen"}, t("view.desk")), h("p", {class: "lone"}, t("app.loading")), parts.notice);
			return;
		}
		let centre;
		if (onBreak) {
			parts.ready = h("button", {class: "primary huge", type: "button", "data-key": "ready", onclick: () => away(null)}, t("agent.ready"));
			centre = [h("p", {class: "lead"}, t("agent.on_break", {code: word("break", desk.break), time: clock(desk.since)})), parts.ready];
		} else if (waiting) {
			parts.next = h("button", {class: "huge", type: "button", "data-key": "next", onclick: stopWaiting}, t("agent.stop_waiting"));
			centre = [h("p", {class: "lead"}, h("span", {class: "pulse", "aria-hidden": "true"}), t("agent.waiting")), parts.next];
		} else {
			parts.next = h("button", {class: "primary huge", type: "button", "data-key": "next", "aria-keyshortcuts": "N", onclick: next},
				h("span", null, t("agent.next")), h("kbd", {"aria-hidden": "true"}, "N"));
			centre = [h("p", {class: "lead"}, greeting()), parts.next];
		}
		show(place, h("h1", {class: "unseen"}, t("view.desk")),
			h("div", {class: "idle"},
				h("section", {class: "card hero", "aria-label": t("agent.next")}, centre, parts.notice,
					onBreak ? null : h("div", {class: "breaks", role: "group", "aria-label": t("agent.break")},
						h("span", {class: "quiet"}, t("agent.break")),
						desk.break_codes.map((code) => h("button", {type: "button", class: "small", "data-key": `break ${code}`, onclick: () => away(code)}, word("break", code)))),
					h("div", {class: "breaks"}, h("button", {type: "button", class: "plain", "data-key": "rang", onclick: rungIn}, t("rang.open")), h("span", {class: "quiet keyhint"}, t("keys.hint")))),
				h("div", {class: "side"}, tally(), queues(), appointments())));
		if (!document.activeElement || document.activeElement === document.body)
			(parts.ready || parts.next).focus({preventScroll: true});
	}

	function greeting() {
		const hour = new Date(now()).getUTCHours();
		return t(hour < 12 ? "agent.morning" : hour < 18 ? "agent.afternoon" : "agent.evening", {name: desk.agent});
	}

	/* --- The card ----------------------------------------------------------------------------------- */

	function drawCard() {
		parts.lease = h("div", {class: "leasebar"});
		parts.beside = h("div", {class: "beside"});
		parts.outcome = h("section", {class: "card outcome", "aria-labelledby": "outcome"});
		show(place, h("h1", {class: "unseen"}, t("agent.call_number", {call: call.call})), parts.lease, parts.notice,
			h("div", {class: "desk"}, h("div", {class: "matters"}, whoCard(), whyCard(), scriptCard()), h("div", {class: "acting"}, parts.outcome), parts.beside));
		drawLease();
		drawBeside();
		drawOutcome();
	}

	function drawLease() {
		if (!call || !parts.lease)
			return;
		const left = (parse(call.lease_until) - now()) / 1000;
		parts.left = h("b", {class: "left"});
		parts.gauge = s("rect", {x: 0, y: 0, width: 100, height: 6, rx: 3, class: "gauge"});
		show(parts.lease,
			h("span", {class: "number"}, t("agent.call_number", {call: call.call})),
			h("span", {class: "chip"}, word("queue", call.queue)),
			call.tries_today > 0 ? h("span", {class: "chip"}, t("agent.tries", {count: call.tries_today})) : null,
			lost ? h("span", {class: "chip bad"}, t("agent.lost")) : h("span", {class: "lease", role: "timer", "aria-label": t("lease.label")},
				h("span", {class: "quiet"}, t("lease.left")), parts.left,
				s("svg", {viewBox: "0 0 100 6", class: "meter", preserveAspectRatio: "none", "aria-hidden": "true"}, s("rect", {x: 0, y: 0, width: 100, height: 6, rx: 3, class: "track"}), parts.gauge),
				h("span", {class: "quiet wide-only"}, t("lease.extends"))),
			h("span", {class: "push"}),
			lost ? h("button", {type: "button", onclick: () => { notice = null; drop(); parts.next.focus(); }}, t("agent.put_away"))
				: [h("button", {type: "button", class: "small", "data-key": "keep", onclick: touch}, t("lease.extend")),
					h("button", {type: "button", class: "small", "data-key": "release", "aria-keyshortcuts": "R", onclick: release}, t("release.open"))]);
		tick(left);
	}

	function tick() {
		if (!call || lost || !parts.left)
			return;
		const left = (parse(call.lease_until) - now()) / 1000;
		parts.left.textContent = span(left);
		parts.gauge.setAttribute("width", Math.max(0, Math.min(100, left * 100 / leaseSeconds)));
		parts.lease.classList.toggle("soon", left < WARN_SECONDS);
		const level = left < 60 ? 2 : left < WARN_SECONDS ? 1 : 0;
		if (level > warned) {
			warned = level;
			say(t("lease.soon", {minutes: level === 2 ? 1 : 3}));
		}
		if (left <= -2)
			touchOrLose();
	}

	/* Past its end by our clock: the daemon's counts. */
	let asking = false;
	async function touchOrLose() {
		if (asking)
			return;
		asking = true;
		try {
			await readDesk();
			if (call && parse(call.lease_until) <= now() - 1000) {
				const mine = await command("MINE");
				const still = mine.find((one) => one.lease === call.lease);
				if (still)
					call = still;
				else
					leaseLost();
			}
		} catch (error) {
			failed(error);
		} finally {
			asking = false;
		}
	}

	function work() {
		if (!call || lost)
			return;
		const at = Date.now();
		if (at - active < IDLE_AFTER && active > touched && at - touched >= TOUCH_EVERY)
			touch();
	}

	function whoCard() {
		const first = call.agenda[0] || {};
		const accounts = [...new Set(call.agenda.map((one) => one.client_ref))];
		return h("section", {class: "card person", "aria-labelledby": "person"},
			h("div", {class: "names"}, h("h2", {id: "person"}, first.name || first.client_ref || t("agent.nobody")),
				first.tier ? h("span", {class: `tier ${first.tier}`}, word("tier", first.tier)) : null,
				h("span", {class: "quiet refs"}, accounts.join(t("list.comma")))),
			call.number ? h("a", {class: "phone", href: `tel:${call.number}`, "aria-label": t("agent.ring", {number: call.number.split("").join(" ")})}, grouped(call.number))
				: h("p", {class: "phone none"}, t("agent.no_number")),
			h("p", {class: "quiet facts", id: "facts"}));
	}

	function grouped(number) {
		return /^1\d{10}$/.test(number) ? `${number.slice(0, 3)} ${number.slice(3, 7)} ${number.slice(7)}` : number;
	}

	function whyCard() {
		return h("section", {class: "card", "aria-labelledby": "why"}, h("h2", {id: "why"}, t("agent.why")),
			h("ol", {class: "agenda"}, call.agenda.map((one) => h("li", {class: dueClass(one.due_on)},
				h("div", {class: "what"}, h("b", null, word("rule", one.rule)), h("span", {class: `due ${dueClass(one.due_on)}`}, due(one.due_on)), h("span", {class: "quiet"}, day(one.due_on))),
				one.matter ? h("p", {class: "promise"}, t("agent.promised", {matter: one.matter, by: one.promised_by || "–", dept: one.dept || "–"})) : null,
				h("div", {class: "quiet"}, [h("span", null, one.client_ref), h("span", null, t("agent.occasion", {occasion: one.occasion})), one.tries > 0 ? h("span", null, t("agent.tries_all", {count: one.tries})) : null, one.attorney ? h("span", null, t("agent.attorney", {name: one.attorney})) : null])))));
	}

	function scriptCard() {
		const scripts = (call.scripts || []).filter((one) => one.script);
		if (scripts.length === 0)
			return null;
		return h("section", {class: "card script", "aria-labelledby": "script"}, h("h2", {id: "script"}, t("agent.script")),
			scripts.map((one) => h("div", null, scripts.length > 1 ? h("h3", null, word("rule", one.rule)) : null,
				h("ul", null, one.script.split(/(?<=[;；?？。])\s*/).filter((line) => line.trim()).map((line) => h("li", null, line.trim()))))));
	}

	function drawBeside() {
		if (!call || !parts.beside)
			return;
		const facts = document.getElementById("facts");
		if (facts && brief) {
			const client = brief.clients.find((one) => call.agenda.length > 0 && one.client_ref === call.agenda[0].client_ref) || brief.clients[0] || {};
			show(facts, [
				h("span", {class: brief.cap !== null && brief.contacts >= brief.cap ? "late" : null}, brief.cap === null ? t("brief.contacts", {count: brief.contacts}) : t("brief.contacts_of", {count: brief.contacts, cap: brief.cap})),
				client.branch ? h("span", null, t("brief.branch", {branch: client.branch})) : null,
				client.manager ? h("span", null, t("brief.manager", {manager: client.manager})) : null,
				client.opened_on ? h("span", null, t("brief.opened", {day: client.opened_on})) : null,
				client.hours ? h("span", null, t("brief.hours", {hours: client.hours})) : null]);
		}
		show(parts.beside,
			brief && brief.promises.length > 0 ? h("section", {class: "card", "aria-labelledby": "promises"}, h("h2", {id: "promises"}, t("brief.promises")),
				h("ul", {class: "rows"}, brief.promises.map((one) => h("li", null, h("b", {class: dueClass(one.by)}, day(one.by)), h("span", null, one.matter), h("span", {class: "quiet"}, [one.dept, one.agent].filter(Boolean).join(" · ")))))) : null,
			h("section", {class: "card", "aria-labelledby": "history"}, h("h2", {id: "history"}, t("brief.history")),
				!brief ? h("p", {class: "quiet"}, t("app.loading")) : brief.history.length === 0 ? h("p", {class: "quiet"}, t("brief.no_history")) :
					h("ol", {class: "timeline"}, brief.history.map((one) => h("li", null,
						h("div", null, h("b", null, word("disposition", one.disposition)), one.rule ? h("span", null, word("rule", one.rule)) : null, h("span", {class: "quiet"}, moment(one.at)), h("span", {class: "quiet"}, one.agent)),
						one.note ? h("p", null, one.note) : null,
						one.needs ? h("p", null, h("span", {class: "quiet"}, t("form.needs")), " ", one.needs) : null,
						one.opinions ? h("p", null, h("span", {class: "quiet"}, t("form.opinions")), " ", one.opinions) : null,
						one.satisfaction ? h("p", {class: "quiet"}, t("brief.satisfaction", {mark: one.satisfaction})) : null)))));
	}

	/* --- The outcome --------------------------------------------------------------------------------- */

	function offered() {
		return lost ? outcomes.filter((one) => CONTACTS.has(one.effect)) : outcomes;
	}

	function choose(disposition) {
		keepDraft();
		chosen = disposition;
		drawOutcome();
		const first = parts.outcome.querySelector("[data-first]");
		(first || parts.save).focus();
	}

	function drawOutcome() {
		if (!parts.outcome)
			return;
		if (!chosen) {
			parts.save = null;
			parts.read = null;
			show(parts.outcome, h("h2", {id: "outcome"}, t("outcome.title")), h("p", {class: "quiet keyhint"}, t("outcome.lead")),
				h("div", {class: "outcomes", role: "group", "aria-labelledby": "outcome"}, offered().map((one, index) => h("button",
					{type: "button", class: `choice ${one.effect}`, "data-key": `outcome ${one.disposition}`, "aria-keyshortcuts": index < 10 ? String((index + 1) % 10) : null, onclick: () => choose(one)},
					index < 10 ? h("kbd", {"aria-hidden": "true"}, (index + 1) % 10) : null,
					h("span", null, h("b", null, word("disposition", one.disposition)), h("small", null, effect(one)))))));
			return;
		}
		drawForm();
	}

	function effect(one) {
		if (one.effect === "retry")
			return t("effect.retry", {minutes: Math.round(one.retry_seconds / 60)});
		return t(one.attorney ? "effect.attorney" : `effect.${one.effect}`);
	}

	function keepDraft() {
		if (parts.read)
			draft = {...draft, ...parts.read()};
	}

	function drawForm() {
		const disposition = chosen;
		const contact = CONTACTS.has(disposition.effect);
		const fields = [];
		const readers = {};
		let first = true;
		const mark = (control) => {
			if (first)
				control.setAttribute("data-first", "");
			first = false;
			return control;
		};

		if (disposition.effect === "appoint") {
			const picker = appointmentPicker(brief, draft.at);
			fields.push(picker.element);
			readers.at = picker.value;
			first = false;
		}
		if (contact && call.agenda.length > 1) {
			const boxes = call.agenda.map((one) => [one, h("input", {type: "checkbox", checked: !draft.items || draft.items.includes(one.item) || !draft.known.includes(one.item)})]);
			mark(boxes[0][1]);
			fields.push(h("fieldset", null, h("legend", null, t("form.items")), boxes.map(([one, box]) => h("label", {class: "check"}, box, " ", word("rule", one.rule), " ", h("span", {class: "quiet"}, one.client_ref)))));
			readers.items = () => boxes.filter(([, box]) => box.checked).map(([one]) => one.item);
		}
		const known = call.agenda.map((one) => one.item);
		readers.known = () => known;
		if (disposition.attorney) {
			const names = call.agenda.map((one) => one.attorney).filter(Boolean);
			const attorney = mark(h("input", {maxlength: 200, value: draft.attorney || "", autocomplete: "off"}));
			fields.push(field(t("form.attorney"), attorney, {hint: names.length > 0 ? t("form.attorney_file", {names: [...new Set(names)].join(t("list.comma"))}) : t("form.attorney_none")}));
			readers.attorney = () => attorney.value.trim();
		}
		/* What the rules ask for. Required where the contact is told under a lease that holds. */
		if (disposition.effect === "contact") {
			const asked = new Map();
			for (const one of call.scripts || [])
				for (const name of one.form)
					asked.set(name, [...(asked.get(name) || []), one.rule]);
			const inputs = [...asked].map(([name, rules]) => {
				const input = mark(h("textarea", {rows: 1, maxlength: 2000, value: (draft.answers || {})[name] || ""}));
				fields.push(field(word("answer", name), input, {required: !lost, hint: asked.size > 0 && (call.scripts || []).length > 1 ? rules.map((rule) => word("rule", rule)).join(t("list.comma")) : ""}));
				return [name, input, rules];
			});
			readers.answers = () => Object.fromEntries(inputs.map(([name, input]) => [name, input.value.trim()]).filter(([, value]) => value !== ""));
			parts.require = () => {
				const ticked = readers.items ? new Set(readers.items()) : null;
				for (const [, input, rules] of inputs)
					input.required = !lost && (!ticked || call.agenda.some((one) => ticked.has(one.item) && rules.includes(one.rule)));
			};
		} else {
			parts.require = () => {};
		}
		const note = mark(h("textarea", {rows: 3, maxlength: 8000, value: draft.note || ""}));
		fields.push(field(t("form.note"), note));
		readers.note = () => note.value.trim();
		if (contact) {
			const marks = unique("satisfaction");
			const radios = [1, 2, 3, 4, 5].map((value) => h("input", {type: "radio", name: marks, value: String(value), checked: draft.satisfaction === value}));
			fields.push(h("fieldset", {class: "marks"}, h("legend", null, t("form.satisfaction")), radios.map((radio, index) => h("label", null, radio, h("span", null, index + 1))),
				h("span", {class: "quiet"}, t("form.satisfaction_scale"))));
			readers.satisfaction = () => {
				const found = radios.find((radio) => radio.checked);
				return found ? Number(found.value) : undefined;
			};
			const needs = h("input", {maxlength: 2000, value: draft.needs || ""});
			const opinions = h("input", {maxlength: 2000, value: draft.opinions || ""});
			const matter = h("input", {maxlength: 500, value: (draft.promise || {}).matter || ""});
			const by = h("input", {type: "date", min: today(), value: (draft.promise || {}).by || ""});
			const dept = h("input", {maxlength: 64, value: (draft.promise || {}).dept || ""});
			const recording = h("input", {maxlength: 500, value: (draft.recording || {}).ref || "", spellcheck: "false"});
			fields.push(h("details", {"data-key": "more", open: Boolean(draft.needs || draft.opinions || draft.promise || draft.recording)}, h("summary", null, t("form.more")),
				h("div", {class: "pair"}, field(t("form.needs"), needs), field(t("form.opinions"), opinions)),
				h("fieldset", null, h("legend", null, t("form.promise")), field(t("form.promise_matter"), matter, {wide: true}), h("div", {class: "pair"}, field(t("form.promise_by"), by), field(t("form.promise_dept"), dept))),
				field(t("form.recording"), recording)));
			readers.needs = () => needs.value.trim();
			readers.opinions = () => opinions.value.trim();
			readers.promise = () => matter.value.trim() || by.value ? {by: by.value, matter: matter.value.trim(), ...(dept.value.trim() ? {dept: dept.value.trim()} : {})} : undefined;
			readers.recording = () => recording.value.trim() ? {ref: recording.value.trim()} : undefined;
		}
		parts.read = () => Object.fromEntries(Object.entries(readers).map(([name, read]) => [name, read()]));
		parts.wrong = h("div", {class: "refusal", role: "alert"});
		parts.save = h("button", {class: "primary", type: "submit"}, t("outcome.save"), h("kbd", {"aria-hidden": "true"}, "Ctrl ↵"));
		parts.form = h("form", {class: "saying", novalidate: false, onsubmit: (event) => {
			event.preventDefault();
			submit(disposition);
		}}, fields, parts.wrong,
		h("div", {class: "actions"}, parts.save, h("button", {type: "button", onclick: back}, t("outcome.back"), h("kbd", {"aria-hidden": "true"}, "Esc"))));
		show(parts.outcome, h("h2", {id: "outcome"}, word("disposition", disposition.disposition)), h("p", {class: "quiet"}, effect(disposition)), parts.form);
		parts.form.addEventListener("change", parts.require);
		parts.require();
	}

	function back() {
		keepDraft();
		const before = chosen;
		chosen = null;
		drawOutcome();
		const button = [...parts.outcome.querySelectorAll("[data-key]")].find((one) => one.dataset.key === `outcome ${before.disposition}`);
		if (button)
			button.focus();
	}

	function submit(disposition) {
		const read = parts.read();
		draft = {...draft, ...read};
		delete read.known;
		const said = {};
		for (const [name, value] of Object.entries(read)) {
			const empty = value === undefined || value === "" || (typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0);
			if (!empty)
				said[name] = value;
		}
		if (disposition.effect === "appoint" && !said.at) {
			parts.wrong.textContent = t("appointment.choose");
			return;
		}
		if (said.items && said.items.length === 0) {
			parts.wrong.textContent = t("form.items_none");
			return;
		}
		tell(disposition, said);
	}

	/* --- Keys ------------------------------------------------------------------------------------------ */

	function key(event) {
		const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
		const name = event.key.toLowerCase();
		if (call && chosen) {
			if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
				event.preventDefault();
				parts.form.requestSubmit();
			} else if (event.key === "Escape") {
				event.preventDefault();
				back();
			}
			return;
		}
		if (!plain)
			return;
		if (!call) {
			if (name === "n" && desk && desk.state !== "break") {
				event.preventDefault();
				next();
			} else if (event.key === "Escape" && waiting) {
				stopWaiting();
			} else if (name === "b" && desk && desk.state !== "break") {
				const first = place.querySelector(".breaks button");
				if (first)
					first.focus();
			}
			return;
		}
		if (/^[0-9]$/.test(event.key)) {
			const one = offered()[(Number(event.key) + 9) % 10];
			if (one) {
				event.preventDefault();
				choose(one);
			}
		} else if (name === "r" && !lost) {
			event.preventDefault();
			release();
		}
	}

	function atWork() {
		active = Date.now();
	}

	return {
		begin() {
			for (const name of ["pointerdown", "keydown", "wheel", "touchstart"])
				document.addEventListener(name, atWork, {passive: true});
			timers = [setInterval(tick, 1000), setInterval(work, 5000), setInterval(() => {
				if (!call && !waiting && !document.querySelector("dialog[open]"))
					readDesk().then(() => { if (!call && !waiting) draw(); }, () => {});
			}, 60000)];
			draw();
			load();
		},
		end() {
			if (call) {
				keepDraft();
				kept = {name: who.name, lease: call.lease, draft, chosen};
			}
			ended = true;
			if (waiting)
				waiting.abort();
			timers.forEach(clearInterval);
			for (const name of ["pointerdown", "keydown", "wheel", "touchstart"])
				document.removeEventListener(name, atWork);
		},
		/* The daemon is back: what he holds he still holds, or he hears that it is gone. */
		async again() {
			notice = null;
			if (!call) {
				await load();
				return;
			}
			try {
				await readDesk();
				const mine = await command("MINE");
				const still = mine.find((one) => one.lease === call.lease);
				if (busy)
					return;
				if (still) {
					call = still;
					keepDraft();
					draw();
				} else {
					leaseLost();
				}
			} catch (error) {
				failed(error);
			}
		},
		key,
	};
}
