/* api.js - the four ways to speak with followup-console, and what becomes of them when it or the daemon is away. */

/* The daemon has said no: word as in followup-protocol(7), text for people. */
export class Refusal extends Error {
	constructor(word, text) {
		super(text);
		this.word = word;
	}
}
/* Nobody has answered: nothing is known of what became of the command. */
export class Away extends Error {}
/* Nobody is signed in (any more). */
export class SignedOut extends Error {}

/* Somebody is there: keys, mouse or finger of late. What the page asks without is no use of the session, so that one that was left behind ends by itself. */
const AT_WORK = 90000; /* longer than what app.js sends once a minute meanwhile */
let active = Date.now();
if (globalThis.document)
	for (const name of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"])
		document.addEventListener(name, () => { active = Date.now(); }, {passive: true, capture: true});

export function isAtWork() {
	return Date.now() - active < AT_WORK;
}

let csrf = "";
let away = null; /* null | "network" | "daemon" */
const listeners = {away: [], signedOut: []};

export function on(what, listener) {
	listeners[what].push(listener);
}

function tell(what, value) {
	for (const listener of listeners[what])
		listener(value);
}

function setAway(value) {
	if (value === away)
		return;
	away = value;
	tell("away", value);
	if (value)
		setTimeout(probe, 1500);
}

export function isAway() {
	return away;
}

/* Asks again and again until somebody answers. */
async function probe() {
	if (!away)
		return;
	try {
		await command("PING");
	} catch (error) {
		if (error instanceof Away)
			setTimeout(probe, 2000);
	}
}

async function ask(path, init) {
	let response;
	try {
		response = await fetch(path, {credentials: "same-origin", cache: "no-store", ...init});
	} catch (error) {
		if (error.name === "AbortError")
			throw error;
		setAway("network");
		throw new Away("network");
	}
	if (response.status >= 500) {
		setAway(response.status === 503 ? "daemon" : "network");
		throw new Away("daemon");
	}
	return response;
}

async function body(response) {
	try {
		return await response.json();
	} catch (error) {
		if (error.name === "AbortError")
			throw error;
		throw new Away("network");
	}
}

/* Who is signed in: {name, roles, csrf}, or null. */
export async function session() {
	const response = await ask("/api/session");
	if (!response.ok)
		return null;
	const found = await body(response);
	csrf = found.csrf;
	return found;
}

export async function signIn(name, token) {
	const response = await ask("/api/signin", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({name, token})});
	const found = await body(response);
	if (!response.ok)
		throw new Refusal(response.status === 401 ? "NOAUTH" : response.status === 429 ? "SLOW" : "ERR", String(found.error || ""));
	setAway(null);
	csrf = found.csrf;
	return found;
}

export async function signOut() {
	try {
		await ask("/api/signout", {method: "POST", headers: {"X-CSRF-Token": csrf}});
	} finally {
		csrf = "";
	}
}

async function post(words, signal) {
	return ask("/api/command", {method: "POST", signal, headers: {"Content-Type": "application/json", "X-CSRF-Token": csrf, ...(isAtWork() ? {} : {"X-Followup-Background": "yes"})},
		body: JSON.stringify(words.map((word) => typeof word === "object" ? JSON.stringify(word) : String(word)))});
}

/* One command, its words; the answer is the daemon's. */
export async function commandWith(signal, ...words) {
	let response = await post(words, signal);
	if (response.status === 403) { /* another window has signed in anew */
		await session();
		response = await post(words, signal);
	}
	if (response.status === 401) {
		tell("signedOut");
		throw new SignedOut("signed out");
	}
	const found = await body(response);
	setAway(null);
	if (found.error !== undefined)
		throw new Refusal(found.error.word || "ERR", found.error.text !== undefined ? found.error.text : String(found.error));
	return found.ok;
}

export function command(...words) {
	return commandWith(undefined, ...words);
}

/* The live events of a supervisor; begins again by itself. Answers a function that ends them. */
export function events(hear, state) {
	let source = null;
	let timer = 0;
	let ended = false;
	let wait = 1000;
	const open = () => {
		source = new EventSource("/api/events");
		source.onopen = () => {
			wait = 1000;
			state(true);
		};
		source.onmessage = (message) => {
			let event = null;
			try {
				event = JSON.parse(message.data);
			} catch {
				event = {event: String(message.data)};
			}
			hear(event);
		};
		/* followup-console says when the daemon went and came, and when the session has ended. */
		source.addEventListener("daemon", (message) => {
			const here = JSON.parse(message.data).state === "here";
			state(here);
			if (!here)
				setAway("daemon");
		});
		source.addEventListener("end", () => {
			ended = true;
			source.close();
			tell("signedOut");
		});
		source.onerror = () => {
			state(false);
			source.close();
			if (!ended)
				timer = setTimeout(open, wait);
			wait = Math.min(wait * 2, 15000);
		};
	};
	open();
	return () => {
		ended = true;
		clearTimeout(timer);
		source.close();
	};
}
