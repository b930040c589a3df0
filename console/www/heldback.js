/* heldback.js - follow-ups that the cap holds back or has ended: still to be let through by two names and a reason. */
import {Away, SignedOut, command} from "./api.js";
import {field, h, options, say, show, table} from "./dom.js";
import {refusal, t, word} from "./strings.js";
import {day, due, dueClass} from "./time.js";
import {ask} from "./supervisor.js";

const PAGE = 100;
const REASONS = ["cap", "preempted", "min-gap"]; /* what another contact would help against */

export function heldBackView({place, setNow, openWhy, who}) {
	let ended = false;
	let notice = "";
	let rows = null;
	let more = false;
	let people = [];
	const state = h("select", null, options([["scheduled", t("held.waiting")], ["suppressed", t("held.suppressed")]], "scheduled"));
	const client = h("input", {maxlength: 64, spellcheck: "false"});
	const results = h("div", {class: "results"});

	/* Asked for by reason: a list is a look at its clients, which is written down, so nobody is in it who is not shown. */
	async function read(reason, after) {
		const words = ["LIST", "followups", "STATE", state.value, "REASON", reason, "LIMIT", String(PAGE), "AFTER", String(after)];
		if (client.value.trim())
			words.push("CLIENT", client.value.trim());
		return command(...words);
	}

	const last = new Map(); /* by reason: the last one that was read, while there are more */
	async function go(next) {
		try {
			if (!next) {
				const [desk, agents] = await Promise.all([command("DESK"), command("AGENT.LIST")]);
				setNow(desk.now);
				people = agents.filter((one) => one.roles.split(",").includes("supervisor") && one.agent !== who.name).map((one) => one.agent);
				last.clear();
				for (const reason of REASONS)
					last.set(reason, 0);
				rows = [];
			}
			for (const [reason, after] of [...last]) {
				const found = await read(reason, after);
				rows.push(...found);
				if (found.length < PAGE)
					last.delete(reason);
				else
					last.set(reason, found[found.length - 1].followup);
			}
			more = last.size > 0;
			rows.sort((one, other) => one.due_on < other.due_on ? -1 : one.due_on > other.due_on ? 1 : one.followup - other.followup);
			draw();
		} catch (error) {
			if (!ended && !(error instanceof SignedOut))
				show(results, h("p", {class: "refusal", role: "alert"}, error instanceof Away ? t("away.again") : refusal(error)));
		}
	}

	function draw() {
		if (ended)
			return;
		show(results, notice ? h("p", {class: "notice good"}, notice) : null,
			h("section", {class: "card", "aria-label": t("view.held-back")}, table(t("view.held-back"), [
				[t("why.rule"), (one) => word("rule", one.rule)],
				[t("calls.client"), (one) => h("button", {type: "button", class: "link", "data-key": `client ${one.followup}`, onclick: () => openWhy("client", one.client_ref)}, one.client_ref)],
				[t("why.occasion"), (one) => one.occasion],
				[t("calls.due"), (one) => [h("span", {class: one.state === "scheduled" ? dueClass(one.due_on) : null}, day(one.due_on)), one.state === "scheduled" ? h("span", {class: "under"}, due(one.due_on)) : null]],
				[t("why.reason"), (one) => word("reason", one.reason)],
				[t("queues.do"), (one) => h("button", {type: "button", class: "small", "data-key": `override ${one.followup}`, onclick: () => override(one)}, t("override.do"))],
			], rows, {empty: t("held.none"), key: (one) => one.followup}), more ? h("div", {class: "actions"}, h("button", {type: "button", onclick: () => go(true)}, t("app.more"))) : null));
	}

	async function override(one) {
		const second = h("input", {list: "supervisors", maxlength: 64, autofocus: true, spellcheck: "false"});
		const reason = h("textarea", {rows: 2, maxlength: 200});
		const answer = await ask(t("override.title", {rule: word("rule", one.rule), client: one.client_ref}), t("override.lead"), [field(t("override.second"), second, {required: true}), h("datalist", {id: "supervisors"}, people.map((name) => h("option", {value: name}))), field(t("app.reason"), reason, {required: true})],
			t("override.do"), () => command("OVERRIDE", one.followup, second.value.trim(), reason.value.trim()));
		if (answer) {
			notice = answer.call ? t("override.done_call", {call: answer.call}) : t("override.done", {state: word("state", answer.state)});
			say(notice);
			await go(false);
		}
	}

	return {
		begin() {
			show(place, h("div", {class: "title"}, h("h1", null, t("view.held-back"))), h("p", {class: "quiet"}, t("held.lead")), h("form", {class: "filters", onsubmit: (event) => {
				event.preventDefault();
				notice = "";
				go(false);
			}}, field(t("held.which"), state), field(t("calls.client"), client), h("div", {class: "field"}, h("button", {class: "primary", type: "submit"}, t("app.show")))), results);
			show(results, h("p", {class: "quiet"}, t("app.loading")));
			go(false);
		},
		end() {
			ended = true;
		},
		again() {
			go(false);
		},
	};
}
