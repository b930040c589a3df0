/* supervisor.js - the desk as it is now: escalations, queues, people, what is held back by a pause. Live by the daemon's events. */
import {Away, Refusal, SignedOut, command, events} from "./api.js";
import {dialog, field, h, options, say, show, table} from "./dom.js";
import {refusal, t, word} from "./strings.js";
import {due, dueClass, moment, now, text} from "./time.js";

const AFTER_EVENT = 400;  /* milliseconds: several events make one look */
const POLL = 30000;       /* while there are no live events */

/* A form in a window; do(values) sends it. What the daemon refuses is said in place. */
export function ask(title, lead, fields, button, work) {
	return dialog(title, (close) => {
		const wrong = h("p", {class: "refusal", role: "alert"});
		const send = h("button", {class: "primary", type: "submit"}, button);
		return h("form", {onsubmit: async (event) => {
			event.preventDefault();
			send.disabled = true;
			wrong.textContent = "";
			try {
				close(await work() || true);
			} catch (error) {
				if (error instanceof SignedOut)
					return;
				if (!(error instanceof Away) && !(error instanceof Refusal))
					throw error;
				wrong.textContent = error instanceof Away ? t("away.again") : refusal(error);
				send.disabled = false;
			}
		}}, lead ? h("p", null, lead) : null, fields, wrong,
		h("div", {class: "actions"}, send, h("button", {type: "button", onclick: () => close()}, t("app.cancel"))));
	});
}

/* Until when a pause lasts. */
function untilField() {
	const later = text(now() + 3600000).slice(0, 16);
	return h("input", {type: "datetime-local", value: later, min: text(now()).slice(0, 16)});
}

export function supervisorView({place, setNow, openWhy, who}) {
	let ended = false;
	let stop = null;
	let timer = 0;
	let poll = 0;
	let live = false;
	let queues = null;
	let people = [];
	let pauses = [];
	let rules = [];
	let tasks = null;
	let tasksOpen = null;
	let opened = null;     /* the queue whose calls are shown */
	let calls = [];
	let wrong = "";
	let looking = false;
	let again = false;

	async function look() {
		if (looking) {
			again = true;
			return;
		}
		looking = true;
		try {
			const [desk, found, agents, held, info] = await Promise.all([command("DESK"), command("QUEUES"), command("AGENT.LIST"), command("PAUSE"), command("INFO", "work")]);
			setNow(desk.now);
			rules = desk.rules;
			queues = found;
			people = agents.filter((one) => one.state !== null);
			pauses = held;
			/* A list of tasks is a look at clients, which is written down: asked for only when their number has changed. */
			const open = Number((/tasks_open:(\d+)/.exec(String(info)) || [0, 0])[1]);
			if (tasks === null || tasksOpen === null || open !== tasksOpen) {
				tasks = await command("LIST", "tasks", "STATE", "open", "LIMIT", "200");
				if (tasksOpen !== null && open > tasksOpen)
					say(t("tasks.more", {count: open}));
				tasksOpen = open;
			}
			wrong = "";
		} catch (error) {
			if (error instanceof SignedOut || ended)
				return;
			if (!(error instanceof Away) && !(error instanceof Refusal))
				throw error;
			wrong = error instanceof Away ? "" : refusal(error);
		} finally {
			looking = false;
		}
		draw();
		if (again) {
			again = false;
			look();
		}
	}

	function soon(event) {
		/* One that is seen to and one that comes leave their number as it was. */
		if (event.event === "acknowledged")
			tasksOpen = null;
		clearTimeout(timer);
		timer = setTimeout(look, AFTER_EVENT);
	}

	function draw() {
		if (ended || document.querySelector("dialog[open]") && queues === null)
			return;
		if (queues === null) {
			show(place, h("h1", {class: "unseen"}, t("view.overview")), h("p", {class: wrong ? "refusal" : "lone"}, wrong || t("app.loading")));
			return;
		}
		const sum = (name) => queues.reduce((total, one) => total + one[name], 0);
		const overdue = queues.reduce((total, one) => total + (one.overdue || 0), 0);
		const onCall = people.filter((one) => one.calls.length > 0).length;
		const onBreak = people.filter((one) => one.state === "break").length;
		show(place,
			h("div", {class: "title"}, h("h1", null, t("view.overview")), h("span", {class: live ? "live on" : "live"}, h("span", {class: "dot", "aria-hidden": "true"}), t(live ? "live.on" : "live.off"))),
			wrong ? h("p", {class: "refusal", role: "alert"}, wrong) : null,
			h("dl", {class: "tiles"},
				tile("tile.escalations", tasks.length, tasks.length > 0 ? "bad" : ""),
				tile("tile.overdue", overdue, overdue > 0 ? "bad" : ""),
				tile("tile.due_now", sum("due_now")),
				tile("tile.ready", sum("ready")),
				tile("tile.leased", sum("leased")),
				tile("tile.people", `${onCall} / ${people.length - onBreak}`)),
			taskCard(),
			h("div", {class: "two"}, h("div", null, queueCard(), opened !== null ? callsCard() : null), h("div", null, peopleCard(), pauseCard())));
	}

	function tile(name, value, kind) {
		return h("div", {class: `tile ${kind || ""}`}, h("dt", null, t(name)), h("dd", null, value));
	}

	/* --- Escalations: red until somebody has seen to them -------------------------------------------- */

	function taskCard() {
		if (tasks.length === 0)
			return h("section", {class: "card quietly", "aria-labelledby": "tasks"}, h("h2", {id: "tasks"}, t("tasks.title")), h("p", {class: "quiet"}, t("tasks.none")));
		return h("section", {class: "card tasks", "aria-labelledby": "tasks"}, h("h2", {id: "tasks"}, t("tasks.title"), h("span", {class: "count"}, tasks.length)),
			h("ul", null, tasks.map((one) => h("li", {"data-task": one.task},
				h("b", null, word("task", one.kind)),
				one.client_ref ? h("button", {type: "button", class: "link", "data-key": `task client ${one.task}`, onclick: () => openWhy("client", one.client_ref)}, one.client_ref) : null,
				h("span", null, word("queue", one.queue)),
				h("span", {class: "quiet"}, moment(one.at), one.agent ? ` · ${one.agent}` : ""),
				h("span", {class: "push"}),
				h("button", {type: "button", class: "small", "data-key": `ack ${one.task}`, onclick: () => acknowledge(one)}, t("tasks.ack"))))));
	}

	async function acknowledge(task) {
		const note = h("input", {maxlength: 200, autofocus: true});
		if (await ask(t("tasks.ack_title", {kind: word("task", task.kind), client: task.client_ref || ""}), t("tasks.ack_lead"), [field(t("tasks.note"), note, {required: true})], t("tasks.ack"),
			() => command("ACK", task.task, note.value.trim()))) {
			tasks = tasks.filter((one) => one.task !== task.task);
			say(t("tasks.acked"));
			look();
		}
	}

	/* --- Queues -------------------------------------------------------------------------------------------- */

	function queueCard() {
		return h("section", {class: "card", "aria-labelledby": "queues"}, h("h2", {id: "queues"}, t("queues.title")), table(t("queues.title"), [
			[t("queues.queue"), (one) => [h("span", {class: `dot ${paused(one.queue) ? "paused" : one.open ? "open" : "closed"}`, "aria-hidden": "true"}),
				h("button", {type: "button", class: "link", "data-key": `queue ${one.queue}`, "aria-expanded": String(opened === one.queue), onclick: () => openQueue(one.queue)}, word("queue", one.queue)),
				h("span", {class: "under"}, paused(one.queue) ? t("queues.paused_until", {time: moment(paused(one.queue).until)}) : one.open ? t("queues.open") : one.opens_at ? t("queues.opens", {time: moment(one.opens_at)}) : t("queues.closed"))]],
			[t("queues.ready"), (one) => one.ready, {number: true}],
			[t("queues.due_now"), (one) => one.due_now, {number: true}],
			[t("queues.overdue"), (one) => one.overdue > 0 ? h("b", {class: "late"}, one.overdue) : one.overdue, {number: true}],
			[t("queues.oldest"), (one) => one.oldest_due_on ? h("span", {class: dueClass(one.oldest_due_on), title: one.oldest_due_on}, due(one.oldest_due_on)) : "–"],
			[t("queues.resting"), (one) => one.resting, {number: true}],
			[t("queues.leased"), (one) => one.leased, {number: true}],
			[t("queues.do"), (one) => h("span", {class: "buttons"},
				paused(one.queue) ? h("button", {type: "button", class: "small", "data-key": `pause ${one.queue}`, onclick: () => resume(paused(one.queue))}, t("pause.resume"))
					: h("button", {type: "button", class: "small", "data-key": `pause ${one.queue}`, onclick: () => pause("QUEUE", one.queue)}, t("pause.do")),
				h("button", {type: "button", class: "small", "data-key": `why ${one.queue}`, onclick: () => openWhy("queue", one.queue)}, t("why.short")))],
		], queues, {empty: t("queues.none"), key: (one) => one.queue}));
	}

	function paused(queue) {
		return pauses.find((one) => one.paused === "queue" && one.name === queue);
	}

	async function openQueue(queue) {
		opened = opened === queue ? null : queue;
		calls = null;
		draw();
		if (opened !== null)
			await readCalls();
	}

	/* Which calls wait on a queue names clients, so it is read when somebody asks, and not with every event. */
	async function readCalls() {
		try {
			calls = await command("LIST", "calls", "QUEUE", opened, "LIMIT", "200");
		} catch (error) {
			if (error instanceof SignedOut)
				return;
			calls = [];
			wrong = refusal(error);
		}
		draw();
	}

	function callsCard() {
		return h("section", {class: "card", "aria-labelledby": "calls"},
			h("div", {class: "title"}, h("h2", {id: "calls"}, t("calls.title", {queue: word("queue", opened)})), h("span", {class: "buttons"},
				h("button", {type: "button", class: "small", "data-key": "calls again", onclick: readCalls}, t("app.refresh")), h("button", {type: "button", class: "small", "data-key": "calls close", onclick: () => openQueue(opened)}, t("app.close")))),
			calls === null ? h("p", {class: "quiet"}, t("app.loading")) : table(t("calls.title", {queue: word("queue", opened)}), [
				[t("calls.call"), (one) => h("button", {type: "button", class: "link", "data-key": `call ${one.call}`, onclick: () => openWhy("call", one.call)}, one.call)],
				[t("calls.client"), (one) => h("button", {type: "button", class: "link", "data-key": `client ${one.call}`, onclick: () => openWhy("client", one.client_ref)}, one.client_ref)],
				[t("calls.due"), (one) => h("span", {class: dueClass(one.due_on)}, due(one.due_on))],
				[t("calls.priority"), (one) => one.priority, {number: true}],
				[t("calls.state"), (one) => [word("call", one.state), one.held_by ? h("span", {class: "under"}, one.held_by) : null]],
				[t("queues.do"), (one) => one.state === "leased" || one.state === "uncertain" ? null : h("span", {class: "buttons"}, h("button", {type: "button", class: "small", "data-key": `move ${one.call}`, onclick: () => move(one)}, t("move.do")),
					one.channel === "phone" && who.roles.includes("agent") ? h("button", {type: "button", class: "small", "data-key": `take ${one.call}`, onclick: () => take(one)}, t("take.do")) : null)],
			], calls, {empty: t("calls.none"), key: (one) => one.call}));
	}

	async function move(one) {
		const queue = h("input", {list: "queue-names", maxlength: 64, autofocus: true, spellcheck: "false"});
		const reason = h("input", {maxlength: 200});
		const done = await ask(t("move.title", {call: one.call}), null, [field(t("move.to"), queue, {required: true}), h("datalist", {id: "queue-names"}, queues.filter((row) => row.queue !== one.queue).map((row) => h("option", {value: row.queue}))), field(t("app.reason"), reason, {required: true})],
			t("move.do"), () => command("MOVE", one.call, queue.value.trim(), reason.value.trim()));
		if (done) {
			say(t("move.done", {call: one.call, queue: done.queue}));
			await Promise.all([look(), readCalls()]);
		}
	}

	async function take(one) {
		const done = await ask(t("take.title", {call: one.call}), t("take.lead"), [], t("take.do"), () => command("TAKE", one.call));
		if (done) {
			location.hash = "#desk";
			look();
		}
	}

	/* --- People -------------------------------------------------------------------------------------------- */

	function peopleCard() {
		return h("section", {class: "card", "aria-labelledby": "people"}, h("h2", {id: "people"}, t("people.title")), table(t("people.title"), [
			[t("people.agent"), (one) => one.agent],
			[t("people.doing"), (one) => [
				one.calls.length > 0 ? [h("span", {class: "chip on"}, t("people.on_call")), one.calls.map((call) => h("button", {type: "button", class: "link", "data-key": `held ${call}`, onclick: () => openWhy("call", call)}, t("agent.call_number", {call})))]
					: one.state === "break" ? h("span", {class: "chip away"}, word("break", one.break)) : h("span", {class: "chip"}, t("people.ready")),
				one.state === "break" ? h("span", {class: "under"}, t("people.since", {time: moment(one.since)})) : null]],
			[t("people.queues"), (one) => h("span", {class: "quiet"}, one.queues.split(" ").map((queue) => word("queue", queue)).join(t("list.comma")))],
		], people, {empty: t("people.none"), key: (one) => one.agent}));
	}

	/* --- What is paused ----------------------------------------------------------------------------------- */

	function pauseCard() {
		return h("section", {class: "card", "aria-labelledby": "pauses"}, h("div", {class: "title"}, h("h2", {id: "pauses"}, t("pause.title")),
			h("button", {type: "button", class: "small", "data-key": "pause rule", onclick: () => pause("RULE", null)}, t("pause.rule"))),
		pauses.length === 0 ? h("p", {class: "quiet"}, t("pause.none")) : h("ul", {class: "rows"}, pauses.map((one) => h("li", null,
			h("b", null, word(one.paused, one.name)), h("span", {class: "quiet"}, t("pause.line", {time: moment(one.until), by: one.by, reason: one.reason})), h("span", {class: "push"}),
			h("button", {type: "button", class: "small", "data-key": `resume ${one.paused} ${one.name}`, onclick: () => resume(one)}, t("pause.resume"))))));
	}

	async function pause(kind, name) {
		const rule = kind === "RULE" ? h("select", {autofocus: true}, options(rules.map((one) => [one, word("rule", one)]), rules[0])) : null;
		const until = untilField();
		const reason = h("input", {maxlength: 200});
		const done = await ask(name ? t("pause.of", {name: word("queue", name)}) : t("pause.rule"), t(kind === "RULE" ? "pause.rule_lead" : "pause.queue_lead"),
			[rule ? field(t("pause.which"), rule, {required: true}) : null, field(t("pause.until"), until, {required: true}), field(t("app.reason"), reason, {required: true})], t("pause.do"),
			() => command("PAUSE", kind, rule ? rule.value : name, until.value, reason.value.trim()));
		if (done) {
			say(t("pause.done"));
			look();
		}
	}

	async function resume(one) {
		try {
			await command("RESUME", one.paused.toUpperCase(), one.name);
			say(t("pause.resumed"));
		} catch (error) {
			if (!(error instanceof SignedOut))
				wrong = error instanceof Away ? t("away.again") : refusal(error);
		}
		look();
	}

	return {
		begin() {
			draw();
			look();
			stop = events(soon, (on) => {
				if (ended)
					return;
				live = on;
				look();
			});
			poll = setInterval(() => {
				if (!live)
					look();
			}, POLL);
		},
		end() {
			ended = true;
			clearTimeout(timer);
			clearInterval(poll);
			if (stop)
				stop();
		},
		again() {
			look();
		},
	};
}
