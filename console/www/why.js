/* why.js - WHY as a page: the verdict first, then what it rests on. */
import {Away, SignedOut, command} from "./api.js";
import {field, h, options, say, show, table} from "./dom.js";
import {refusal, t, word} from "./strings.js";
import {day, due, dueClass, moment} from "./time.js";

export function whyView({place, openWhy}) {
	let ended = false;
	const [, first, second] = location.hash.split("/");
	const kind = h("select", null, options([["client", t("why.client")], ["call", t("why.call")], ["queue", t("why.queue")]], first || "client"));
	const name = h("input", {maxlength: 64, spellcheck: "false", autocapitalize: "none", value: second ? decodeURIComponent(second) : ""});
	const results = h("div", {class: "results"});

	async function go() {
		if (!name.value.trim())
			return;
		show(results, h("p", {class: "quiet"}, t("app.loading")));
		try {
			const found = await command("WHY", kind.value.toUpperCase(), name.value.trim());
			if (ended)
				return;
			say(found.verdict);
			show(results, h("div", {class: "verdict"}, h("h2", null, heading()), h("p", {lang: "en"}, found.verdict), found.needs ? h("p", {class: "needs", lang: "en"}, `${t("why.needs")} `, found.needs) : null),
				kind.value === "client" ? ofClient(found) : kind.value === "call" ? ofCall(found) : ofQueue(found));
		} catch (error) {
			if (!ended && !(error instanceof SignedOut))
				show(results, h("p", {class: "refusal", role: "alert"}, error instanceof Away ? t("away.again") : refusal(error)));
		}
	}

	function heading() {
		return kind.value === "queue" ? word("queue", name.value) : `${t(`why.${kind.value}`)} ${name.value}`;
	}

	function facts(list) {
		const told = list.filter(([, value]) => value !== null && value !== undefined && value !== "");
		return h("dl", {class: "facts"}, told.map(([title, value]) => h("div", null, h("dt", null, title), h("dd", null, value))));
	}

	function card(title, ...content) {
		return h("section", {class: "card", "aria-label": title}, h("h2", null, title), content);
	}

	function link(what, value) {
		return value === null || value === undefined ? "–" : h("button", {type: "button", class: "link", onclick: () => openWhy(what, value)}, value);
	}

	function english(text) {
		return text ? h("span", {lang: "en"}, text) : "–";
	}

	function ofClient(found) {
		const moving = found.rules.filter((one) => one.next_occasion !== null || one.state !== null);
		const still = found.rules.filter((one) => one.next_occasion === null && one.state === null);
		const groups = new Map();
		for (const one of still)
			groups.set(one.holds || "–", [...(groups.get(one.holds || "–") || []), word("rule", one.rule)]);
		return [
			card(t("why.ledger"), facts([[t("why.cap"), found.cap === "none" || found.cap === null ? t("why.no_cap") : t("why.slots", {used: found.slots_used, cap: found.cap, day: day(found.counted_since)})], [t("why.free_again"), found.slots_free_again_on ? day(found.slots_free_again_on) : null],
				[t("why.manager"), found.manager === found.present_manager ? found.manager : `${found.manager} → ${found.present_manager}`], [t("why.next_change"), found.next_change_on ? [day(found.next_change_on), " ", english(found.next_change)] : null],
				[t("why.kept_free"), found.kept_free_for && found.kept_free_for.length > 0 ? found.kept_free_for.map((one) => typeof one === "string" ? day(one) : day(one.day || one.on || "")).join(t("list.comma")) : null]]),
			found.contacts.length > 0 ? table(t("why.contacts"), [[t("ahead.day"), (one) => day(one.day)], [t("why.channel"), (one) => word("channel", one.channel)], [t("people.agent"), (one) => one.agent || "–"], [t("report.over_cap"), (one) => one.over_cap ? h("b", {class: "late"}, t("app.yes")) : t("app.no")]], found.contacts, {}) : h("p", {class: "quiet"}, t("why.no_contacts"))),
			found.waiting.length > 0 ? card(t("why.waiting"), table(t("why.waiting"), [[t("why.rule"), (one) => word("rule", one.rule)], [t("why.state"), (one) => [word("state", one.state), one.reason ? h("span", {class: "under"}, word("reason", one.reason)) : null]], [t("why.summary"), (one) => english(one.summary)], [t("why.last_useful"), (one) => day(one.last_useful_on)]], found.waiting, {})) : null,
			found.calls.length > 0 ? card(t("why.calls"), table(t("why.calls"), [[t("calls.call"), (one) => link("call", one.call)], [t("queues.queue"), (one) => word("queue", one.queue)], [t("calls.state"), (one) => word("call", one.state)], [t("why.held_back"), (one) => english(one.held_back)]], found.calls, {})) : null,
			card(t("why.rules"), table(t("why.rules"), [
				[t("why.rule"), (one) => word("rule", one.rule)],
				[t("why.occasion"), (one) => one.next_occasion || "–"],
				[t("why.window"), (one) => one.opens_on ? [`${day(one.opens_on)} – ${day(one.due_on)}`, one.computed_due_on && (one.computed_due_on !== one.due_on || one.computed_opens_on !== one.opens_on) ? h("span", {class: "under"}, t("why.computed", {from: day(one.computed_opens_on), to: day(one.computed_due_on)})) : null] : "–"],
				[t("why.state"), (one) => one.state ? word("state", one.state) : "–"],
				[t("why.channel"), (one) => one.channel ? word("channel", one.channel) : "–"],
				[t("why.holds"), (one) => english(one.holds)],
				[t("why.must_not"), (one) => one.must_not_call || "–"]], moving, {empty: t("why.no_rules")}),
				h("details", {"data-key": "still"}, h("summary", null, t("why.others", {count: still.length})), h("dl", {class: "facts"}, [...groups].map(([why, rules]) => h("div", null, h("dt", {lang: "en"}, why), h("dd", null, rules.join(t("list.comma")))))))),
			found.followups.length > 0 ? card(t("why.followups"), table(t("why.followups"), [
				[t("why.rule"), (one) => word("rule", one.rule)],
				[t("why.occasion"), (one) => one.occasion],
				[t("calls.due"), (one) => day(one.due_on)],
				[t("why.state"), (one) => [word("state", one.state), one.reason ? h("span", {class: "under"}, word("reason", one.reason)) : null]],
				[t("why.closed"), (one) => one.closed_on ? day(one.closed_on) : "–"]], found.followups.slice().reverse(), {})) : null,
		];
	}

	function gates(list) {
		return h("ol", {class: "gates"}, list.map((one) => h("li", {class: one.open ? "open" : "shut"}, h("b", null, word("gate", one.gate)), h("span", {class: "state"}, t(one.open ? "gate.is_open" : "gate.is_shut")), h("span", {lang: "en"}, one.says))));
	}

	function agents(list) {
		return table(t("why.agents"), [[t("people.agent"), (one) => one.agent], [t("why.why_not"), (one) => one.why_not ? english(one.why_not) : t("why.may")]], list, {empty: t("why.no_agents")});
	}

	function ofCall(found) {
		return [
			card(t("why.facts"), facts([
				[t("queues.queue"), h("span", null, word("queue", found.queue))],
				[t("why.channel"), word("channel", found.channel)],
				[t("calls.state"), word("call", found.state)],
				[t("calls.due"), h("span", {class: dueClass(found.due_on)}, `${day(found.due_on)} · ${due(found.due_on)}`)],
				[t("calls.priority"), found.priority],
				[t("why.place"), found.place],
				[t("why.since"), found.on_queue_since ? moment(found.on_queue_since) : null],
				[t("why.widens"), found.widens_at ? `${moment(found.widens_at)} → ${found.widens_to}` : null],
				[t("why.must_not"), found.must_not_call]])),
			card(t("why.gates"), gates(found.gates)),
			card(t("why.agenda"), table(t("why.agenda"), [[t("why.rule"), (one) => word("rule", one.rule)], [t("calls.client"), (one) => link("client", one.client_ref)], [t("calls.due"), (one) => h("span", {class: dueClass(one.due_on)}, day(one.due_on))], [t("why.last_useful"), (one) => day(one.last_useful_on)], [t("why.tries"), (one) => one.tries, {number: true}]], found.agenda, {})),
			card(t("why.agents"), agents(found.agents)),
		];
	}

	function ofQueue(found) {
		return [
			card(t("why.facts"), facts([
				[t("why.open"), found.open ? t("queues.open") : found.opens_at ? t("queues.opens", {time: moment(found.opens_at)}) : t("queues.closed")],
				[t("queues.paused"), found.paused],
				[t("queues.ready"), found.ready],
				[t("queues.resting"), found.rests_until ? `${found.resting} (${moment(found.rests_until)})` : found.resting],
				[t("queues.leased"), found.held],
				[t("why.may_go"), `${found.may_go} / ${found.looked_at}`],
				[t("why.waiting_contact"), found.waiting_for_contact],
				[t("why.hidden"), found.hidden || null],
				[t("why.next_call"), found.next_call ? link("call", found.next_call) : null]])),
			found.held_back.length > 0 ? card(t("why.held_back"), table(t("why.held_back"), [[t("why.gate"), (one) => word("gate", one.gate)], [t("tile.ready"), (one) => one.calls, {number: true}], [t("why.example"), (one) => link("call", one.call)], [t("why.says"), (one) => english(one.says)]], found.held_back, {})) : null,
			found.holders.length > 0 ? card(t("why.holders"), table(t("why.holders"), [[t("calls.call"), (one) => link("call", one.call)], [t("people.agent"), (one) => one.agent], [t("why.until"), (one) => moment(one.until)]], found.holders, {})) : null,
			card(t("why.agents"), agents(found.agents)),
		];
	}

	return {
		begin() {
			show(place, h("div", {class: "title"}, h("h1", null, t("view.why"))),
				h("form", {class: "filters", onsubmit: (event) => {
					event.preventDefault();
					const wanted = `#why/${kind.value}/${encodeURIComponent(name.value.trim())}`;
					if (location.hash !== wanted)
						history.replaceState(null, "", wanted);
					go();
				}}, field(t("why.about"), kind), field(t("why.name"), name, {hint: t("why.hint")}), h("div", {class: "field"}, h("button", {class: "primary", type: "submit"}, t("why.ask")))), results);
			if (name.value)
				go();
			else
				name.focus();
		},
		end() {
			ended = true;
		},
	};
}
