// A daemon, followup-console before it and a browser, for one test: each in a folder of its own, on a test clock, nothing shared.
import {spawn} from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import {createRequire} from "node:module";

const HERE = path.dirname(new URL(import.meta.url).pathname);
export const ROOT = path.resolve(process.env.ROOT || path.join(HERE, "../../.."));
export const BUILD = path.resolve(process.env.BUILD || path.join(ROOT, "build"));
export const MODULES = path.join(BUILD, "browser");
export const PICTURES = path.join(BUILD, "console-screenshots");
const require = createRequire(path.join(MODULES, "package.json"));
const {chromium} = require("playwright-core");
export const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const PATIENCE = 60000;
const TEST_PATIENCE = 180000; // for one test
export const MORNING = "2025-03-04T09:30:00";

export function same(got, wanted, what = "") {
	const [one, other] = [JSON.stringify(got), JSON.stringify(wanted)];
	if (one !== other)
		throw new Error(`${what ? `${what}: ` : ""}got ${one}, wanted ${other}`);
}

export function true_(condition, what) {
	if (!condition)
		throw new Error(what);
}

function wait(milliseconds) {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// Until something becomes true, asked again and again.
export async function until(question, what) {
	const end = Date.now() + PATIENCE;
	for (;;) {
		const found = await question();
		if (found)
			return found;
		if (Date.now() > end)
			throw new Error(`it never happened: ${what}`);
		await wait(20);
	}
}

// --- The daemon's protocol ----------------------------------------------------------------------------

export class Client {
	constructor(address) {
		this.socket = net.createConnection(address);
		this.buffer = Buffer.alloc(0);
		this.waiting = [];
		this.socket.on("data", (data) => {
			this.buffer = Buffer.concat([this.buffer, data]);
			this.read();
		});
		const fail = (error) => {
			for (const one of this.waiting.splice(0))
				one.reject(error || new Error("closed by the daemon"));
		};
		this.socket.on("error", fail);
		this.socket.on("close", () => fail());
	}

	// The value at the head of the buffer and what is left; undefined while it is not whole.
	parse(at) {
		const end = this.buffer.indexOf("\r\n", at);
		if (end < 0)
			return undefined;
		const kind = String.fromCharCode(this.buffer[at]);
		const rest = this.buffer.toString("utf8", at + 1, end);
		if (kind === "+")
			return [rest, end + 2];
		if (kind === "-")
			return [new Error(rest), end + 2];
		if (kind === ":")
			return [Number(rest), end + 2];
		const length = Number(rest);
		if (length < 0)
			return [null, end + 2];
		if (kind === "$")
			return this.buffer.length >= end + 2 + length + 2 ? [this.buffer.toString("utf8", end + 2, end + 2 + length), end + 2 + length + 2] : undefined;
		const list = [];
		let from = end + 2;
		for (let index = 0; index < length; index++) {
			const one = this.parse(from);
			if (!one)
				return undefined;
			list.push(one[0]);
			from = one[1];
		}
		return [list, from];
	}

	read() {
		for (let found; this.waiting.length > 0 && (found = this.parse(0));) {
			this.buffer = this.buffer.subarray(found[1]);
			const one = this.waiting.shift();
			if (found[0] instanceof Error)
				one.reject(found[0]);
			else
				one.resolve(found[0]);
		}
	}

	call(...words) {
		const parts = words.map((word) => Buffer.from(typeof word === "object" ? JSON.stringify(word) : String(word)));
		this.socket.write(Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from("\r\n")])]));
		return new Promise((resolve, reject) => this.waiting.push({resolve, reject}));
	}

	async json(...words) {
		const answer = await this.call(...words);
		return answer === null ? null : JSON.parse(answer);
	}
}

// --- A desk -----------------------------------------------------------------------------------------------

let browser = null;
export async function theBrowser() {
	if (!browser)
		browser = await chromium.launch({executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"]});
	return browser;
}
// It has been seen not to end when it was asked to; whoever leaves then takes it along.
export async function closeBrowser() {
	if (browser)
		await Promise.race([browser.close(), wait(10000)]);
	browser = null;
}

function copy(from, to) {
	fs.cpSync(from, to, {recursive: true});
}

function ended(child) {
	return child.exitCode !== null || child.signalCode !== null;
}

function leave(child, signal) {
	if (!child || ended(child))
		return Promise.resolve();
	return new Promise((resolve) => {
		const late = setTimeout(() => child.kill("SIGKILL"), 10000);
		child.once("exit", () => {
			clearTimeout(late);
			resolve();
		});
		child.kill(signal);
	});
}

export class Desk {
	constructor({clock = MORNING, change = null} = {}) {
		this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "followup-browser-"));
		this.clock = clock;
		this.socket = path.join(this.folder, "s");
		this.tokens = {};
		this.contexts = [];
		this.faults = [];
		copy(path.join(ROOT, "conf"), path.join(this.folder, "conf"));
		this.config = path.join(this.folder, "conf/followupd.conf");
		let text = fs.readFileSync(this.config, "utf8");
		const set = (name, value) => {
			text = text.replace(new RegExp(`^(\\s*${name}\\s*=\\s*)(\\{[^}]*\\}|"[^"]*"|[^\\s#}]+)`, "gm"), (_, before) => before + value);
		};
		set("database", `"${this.folder}/book.db"`);
		set("listen", `{"unix:${this.socket}"}`);
		set("start_on", "2025-01-01");
		fs.writeFileSync(this.config, text);
		this.rewrite("rules.d/yearly-sample.conf", (rule) => rule.replace(/^rule yearly-sample \{\n/m, "rule yearly-sample {\n\ton = no\n"));
		if (change)
			change(this);
	}

	rewrite(name, how) {
		const file = path.join(this.folder, "conf", name);
		fs.writeFileSync(file, how(fs.readFileSync(file, "utf8")));
	}

	async start() {
		await this.startDaemon();
		await this.startConsole();
		return this;
	}

	async startDaemon() {
		const log = fs.openSync(path.join(this.folder, "log"), "a");
		this.daemon = spawn(path.join(BUILD, "followupd"), ["-c", this.config, "-f", "--test-clock", this.clock], {stdio: ["ignore", log, log]});
		fs.closeSync(log);
		await until(async () => {
			true_(!ended(this.daemon), `the daemon has ended: ${this.log("log")}`);
			try {
				const client = new Client(this.socket);
				await client.call("PING");
				this.operator = client;
				return true;
			} catch {
				return false;
			}
		}, "the daemon answers");
	}

	async stopDaemon(signal = "SIGTERM") {
		await leave(this.daemon, signal);
	}

	async startConsole() {
		const file = path.join(this.folder, "console.conf");
		fs.writeFileSync(file, `console {\n\tlisten = "127.0.0.1:0"\n\tdaemon = "unix:${this.socket}"\n}\n`);
		const log = fs.openSync(path.join(this.folder, "console.log"), "a");
		const command = process.env.CONSOLE_COMMAND ? [...process.env.CONSOLE_COMMAND.split(" "), this.socket] : [path.join(BUILD, "followup-console"), "-c", file, "-f"];
		this.console = spawn(command[0], command.slice(1), {stdio: ["ignore", log, log]});
		fs.closeSync(log);
		const started = await until(() => {
			true_(!ended(this.console), `the console has ended: ${this.log("console.log")}`);
			return /event=started .*address=127\.0\.0\.1:(\d+)/.exec(this.log("console.log"));
		}, "the console is ready");
		this.address = `http://127.0.0.1:${started[1]}`;
	}

	log(name) {
		try {
			return fs.readFileSync(path.join(this.folder, name), "utf8");
		} catch {
			return "";
		}
	}

	async end() {
		for (const context of this.contexts)
			await Promise.race([context.close().catch(() => {}), wait(10000)]);
		await leave(this.console, "SIGTERM");
		await leave(this.daemon, "SIGKILL");
		if (!process.env.KEEP)
			fs.rmSync(this.folder, {recursive: true, force: true});
	}

	// The book.

	call(...words) {
		return this.operator.call(...words);
	}

	json(...words) {
		return this.operator.json(...words);
	}

	async agent(name, roles = "agent", queues = ["service"]) {
		this.tokens[name] = (await this.json("AGENT.ADD", name, roles, ...(queues.length > 0 ? ["QUEUES", ...queues] : []))).token;
	}

	// A command of an agent, on a connection of his own.
	async as(name, ...words) {
		const client = new Client(this.socket);
		try {
			await client.call("AUTH", name, this.tokens[name]);
			return await client.call(...words);
		} finally {
			client.socket.destroy();
		}
	}

	client(ref, fields = {}) {
		return this.call("CLIENT.PUT", {client_ref: ref, name: "孔丽勇", phone: "13912345678", ...fields});
	}

	event(ref, client, kind, at = MORNING.slice(0, 10), fields = {}) {
		return this.call("EVENT.PUT", {event_ref: ref, client_ref: client, kind, occurred_at: at, ...fields});
	}

	async setClock(time) {
		this.clock = time;
		await this.call("CLOCK", "SET", time);
	}

	// The browser.

	async page({width = 1366, height = 768, language = "zh-CN", mobile = false} = {}) {
		const context = await (await theBrowser()).newContext({viewport: {width, height}, locale: language, timezoneId: "America/New_York", hasTouch: mobile, isMobile: mobile});
		this.contexts.push(context);
		context.setDefaultTimeout(20000);
		const page = await context.newPage();
		// Anything the page itself gets wrong, or that the Content-Security-Policy stops, fails the test that opened it.
		page.on("pageerror", (error) => this.faults.push(`page error: ${error.stack || error}`));
		page.on("console", (message) => {
			if (message.type() === "error" && !/Failed to load resource/.test(message.text()))
				this.faults.push(`console: ${message.text()}`);
		});
		page.on("dialog", (dialog) => {
			this.faults.push(`a dialog of the browser: ${dialog.message()}`);
			dialog.dismiss().catch(() => {});
		});
		await page.goto(this.address);
		return page;
	}

	async signIn(name, options = {}) {
		const page = await this.page(options);
		await page.fill("#name", name);
		await page.fill("#token", this.tokens[name]);
		await page.press("#token", "Enter");
		await page.waitForSelector("#bar:not([hidden])");
		return page;
	}
}

fs.mkdirSync(PICTURES, {recursive: true});

// A picture for people to look at; kept in the build folder.
export async function picture(page, name) {
	await page.evaluate(() => scrollTo(0, 0));
	await page.screenshot({path: path.join(PICTURES, `${name}.png`), fullPage: true});
}

// --- Tests --------------------------------------------------------------------------------------------------

const tests = [];
export function test(what, work, options = {}) {
	tests.push({what, work, options});
}

export async function run() {
	const words = process.argv.slice(2);
	const chosen = tests.filter(({what}) => words.length === 0 || words.some((word) => what.includes(word)));
	let failures = 0;
	console.log(`1..${chosen.length}`);
	for (const [index, {what, work, options}] of chosen.entries()) {
		const desk = options.plain ? null : new Desk(options);
		const began = Date.now();
		try {
			if (desk)
				await desk.start();
			await Promise.race([work(desk), wait(TEST_PATIENCE).then(() => { throw new Error(`it took longer than ${TEST_PATIENCE / 1000} seconds`); })]);
			if (desk)
				same(desk.faults, [], "the page's own faults");
			console.log(`ok ${index + 1} - ${what}`);
		} catch (error) {
			failures += 1;
			console.log(`not ok ${index + 1} - ${what}`);
			for (const line of String(error.stack || error).split("\n").slice(0, 24))
				console.log(`#   ${line}`);
			if (desk) {
				for (const fault of desk.faults)
					console.log(`#   ${fault.split("\n").slice(0, 4).join(" | ")}`);
				console.log(`#   log: ${desk.log("log").trim().split("\n").slice(-6).join(" | ")}`);
				console.log(`#   console: ${desk.log("console.log").trim().split("\n").slice(-4).join(" | ")}`);
				let shot = 0;
				for (const context of desk.contexts)
					for (const page of context.pages())
						await page.screenshot({path: path.join(PICTURES, `failed-${index + 1}-${++shot}.png`)}).catch(() => {});
			}
		} finally {
			if (desk)
				await desk.end();
		}
		if (process.env.SHOW_TIMES)
			console.log(`# ${((Date.now() - began) / 1000).toFixed(1)} s`);
	}
	await closeBrowser();
	console.log(`${chosen.length - failures} passed, ${failures} failed, 0 skipped`);
	process.exit(failures > 0 ? 1 : 0);
}
