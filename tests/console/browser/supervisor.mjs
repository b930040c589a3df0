// A supervisor, a reviewer and an auditor.
import {picture, same, test, true_, until} from "./desk.mjs";

async function has(page, selector, words) {
	await page.locator(selector).filter({hasText: words}).first().waitFor();
}

function row(page, label, name) {
	return page.locator(`[aria-label="${label}"] tbody tr`).filter({hasText: name});
}

async function cells(page, label, name) {
	return (await row(page, label, name).locator("td").allInnerTexts()).map((text) => text.trim());
}

async function go(page, view) {
	await page.click(`nav a[href="#${view}"]`);
	await page.waitForSelector(`main.view-${view}`);
}

test("the desk as it is, live: queues, who is on what, escalations that stay red until ACK, pause and resume, move", async (desk) => {
	await desk.agent("sven", "supervisor", []);
	await desk.agent("anna", "agent", ["service", "hq"]);
	await desk.agent("bert", "agent", ["service"]);
	await desk.client("C1", {branch: "SH01"});
	await desk.event("E1", "C1", "complaint", "2025-03-01");
	const page = await desk.signIn("sven", {language: "en-GB"});
	await has(page, ".live.on", "live");
	same((await cells(page, "Queues", "service")).slice(0, 6), ["1", "1", "1", "2 days overdue", "0", "0"]);

	// What happens is there without a reload. A mark in the page would be lost by one.
	await page.evaluate(() => { window.mark = 1; });
	await desk.client("C2");
	await desk.event("E2", "C2", "complaint");
	await until(async () => (await cells(page, "Queues", "service"))[0] === "2", "the queue has grown");
	const anna = await desk.signIn("anna", {language: "en-GB"});
	await anna.click("[data-key=next]");
	await anna.waitForSelector(".choice");
	await has(page, "[aria-labelledby=people]", "on a call");
	await until(async () => (await cells(page, "Queues", "service"))[5] === "1", "a call is in hand");
	await anna.keyboard.press("7"); // disputed
	await anna.keyboard.press("Control+Enter");
	await page.waitForSelector(".tasks li");
	same(await page.locator(".tasks li").count(), 2, "the branch and head office");
	same(await page.locator(".tile.bad dt").first().innerText(), "Escalations");
	await picture(page, "10-overview");

	await page.click(".tasks li >> nth=0 >> text=Acknowledge");
	await page.fill("dialog input", "spoke with the branch");
	await page.click("dialog button[type=submit]");
	await until(async () => await page.locator(".tasks li").count() === 1, "one is seen to");
	same((await desk.json("LIST", "tasks")).map((one) => [one.state, one.note]).sort(), [["acknowledged", "spoke with the branch"], ["open", null]]);

	// Somebody else sees to the other one while a new one comes: their number stays the same, the page does not.
	const other = (await desk.json("LIST", "tasks", "STATE", "open"))[0];
	await desk.client("C3");
	await desk.event("E3", "C3", "complaint");
	const held = JSON.parse(await desk.as("bert", "NEXT"));
	await Promise.all([desk.call("ACK", other.task, "seen"), desk.as("bert", "DONE", held.lease, "wrong-number")]);
	await has(page, ".tasks li", "Number to correct");
	await until(async () => await page.locator(".tasks li").count() === 1, "and only that");

	await anna.click("[data-key='break lunch']");
	await has(page, "[aria-labelledby=people]", "lunch");

	await page.click("[data-key='pause service']");
	await page.fill("dialog input[type=datetime-local]", "2025-03-04T10:30");
	await page.fill("dialog input:not([type])", "a meeting");
	await page.click("dialog button[type=submit]");
	await has(page, "[aria-labelledby=queues]", "paused until today 10:30");
	same((await desk.json("PAUSE")).map((one) => [one.name, one.until, one.by]), [["service", "2025-03-04T10:30:00", "sven"]]);
	await page.click("[data-key='pause service']");
	await until(async () => (await desk.json("PAUSE")).length === 0, "resumed");
	await page.click("[data-key='pause rule']");
	await page.selectOption("dialog select", "birthday");
	await page.fill("dialog input:not([type])", "the gateway is down");
	await page.click("dialog button[type=submit]");
	await has(page, "[aria-labelledby=pauses]", "the gateway is down");

	// The calls of a queue, and one of them put elsewhere. A queue that does not exist is refused in place.
	await page.click("[data-key='queue service']");
	await has(page, "[aria-labelledby=calls]", "C3");
	await page.locator("[aria-labelledby=calls] [data-key^=move]").first().click();
	await page.fill("dialog input >> nth=0", "nowhere");
	await page.fill("dialog input >> nth=1", "more hands there");
	await page.click("dialog button[type=submit]");
	await page.waitForSelector("dialog .refusal:not(:empty)");
	await page.fill("dialog input >> nth=0", "hq");
	await page.click("dialog button[type=submit]");
	await until(async () => (await desk.json("LIST", "calls")).some((one) => one.queue === "hq"), "moved");
	same(await page.evaluate(() => window.mark), 1, "the page was never loaded again");
});

test("a supervisor who is an agent too takes a call", async (desk) => {
	await desk.agent("sven", "supervisor,agent", ["service"]);
	await desk.client("C1", {name: "Wang"});
	await desk.event("E1", "C1", "complaint");
	const page = await desk.signIn("sven", {language: "en-GB"});
	await go(page, "overview");
	await page.click("[data-key='queue service']");
	await page.locator("[data-key^=take]").click();
	await page.click("dialog button[type=submit]");
	await has(page, "#person", "Wang");
});

test("what the cap holds back is let through by two names and a reason", async (desk) => {
	await desk.agent("sven", "supervisor", []);
	await desk.agent("sara", "supervisor", []);
	await desk.agent("anna");
	await desk.client("C1");
	const {Client} = await import("./desk.mjs");
	const anna = new Client(desk.socket);
	await anna.call("AUTH", "anna", desk.tokens.anna);
	for (const day of ["2025-03-01", "2025-03-02"])
		await anna.call("RECORD", "C1", {done_at: day});
	await desk.event("E1", "C1", "account_opened");
	const page = await desk.signIn("sven", {language: "en-GB"});
	await has(page, ".tasks", "A duty has no contact left");
	await go(page, "held-back");
	await has(page, "tbody tr", "Account opened");
	await picture(page, "11-held-back");
	await page.click("[data-key^=override]");
	same(await page.locator("dialog datalist option").evaluateAll((all) => all.map((one) => one.value)), ["sara"]);
	await page.fill("dialog input", "sven");
	await page.fill("dialog textarea", "he asked for it");
	await page.click("dialog button[type=submit]");
	await has(page, "dialog .refusal", "must be a supervisor's, and not your own");
	await picture(page, "12-override");
	await page.fill("dialog input", "sara");
	await page.click("dialog button[type=submit]");
	await has(page, ".notice.good", "it is on call");
	await has(page, ".empty", "There are none");
	same((await desk.json("LIST", "followups"))[0].state, "queued");
	const entry = (await desk.json("HISTORY", "C1")).find((one) => JSON.stringify(one).includes("he asked for it"));
	true_(JSON.stringify(entry).includes("sara"), "both names are on record");
});

test("WHY of a client, a call and a queue as pages; the verdict first", async (desk) => {
	await desk.agent("ada", "auditor", []);
	await desk.agent("sven", "supervisor", []);
	await desk.client("C1", {birthday: "1980-10-03", tier: "diamond", manager: "M1"});
	await desk.event("E1", "C1", "complaint");
	await desk.client("C2");
	await desk.event("E2", "C2", "complaint");
	const page = await desk.signIn("ada", {language: "en-GB"});
	same(await page.locator("nav a").allInnerTexts(), ["Why"], "an auditor has no other page");
	await page.fill("main input", "C1");
	await page.keyboard.press("Enter");
	await has(page, ".verdict", "open");
	await has(page, "[aria-label='Rules']", "Complaint");
	await has(page, "[aria-label='Rules']", "before the calendar");
	await picture(page, "13-why-client");
	await page.locator("[aria-label='Calls'] button.link").first().click();
	await has(page, ".gates", "Agents");
	true_(await page.locator(".gates .shut").count() > 0, "nobody may call: a gate is shut");
	await picture(page, "14-why-call");
	await page.goBack();
	await has(page, "[aria-label='Rules']", "Complaint");
	await page.selectOption("main select", "queue");
	await page.fill("main input", "service");
	await page.keyboard.press("Enter");
	await has(page, "[aria-label='At a glance']", "Waiting for a contact");
	await page.fill("main input", "nowhere");
	await page.keyboard.press("Enter");
	await page.waitForSelector(".refusal:not(:empty)");
});

test("looking ahead and back: charts with a text and a table of the same figures", async (desk) => {
	await desk.agent("sven", "supervisor", []);
	await desk.agent("anna");
	for (let number = 0; number < 12; number++) {
		await desk.client(`C${number}`, {branch: `SH0${number % 3}`, phone: `139123456${10 + number}`});
		await desk.event(`E${number}`, `C${number}`, number % 2 ? "complaint" : "account_opened", `2025-03-0${1 + number % 4}`);
	}
	const {Client} = await import("./desk.mjs");
	const anna = new Client(desk.socket);
	await anna.call("AUTH", "anna", desk.tokens.anna);
	for (let number = 0; number < 4; number++)
		await anna.call("DONE", JSON.parse(await anna.call("NEXT")).lease, "reached");
	const page = await desk.signIn("sven", {language: "en-GB"});
	await go(page, "ahead");
	await page.waitForSelector("svg.columns");
	await page.locator("main input").fill("1");
	await page.locator("main input").press("Enter");
	await has(page, ".notice.bad", "The first day that will be missed");
	await has(page, "main", "Supposing 1 calls a day");
	true_(/missed; the longest queue/.test(await page.getAttribute("svg.columns", "aria-label")), "the chart has its text");
	true_(await page.locator("rect.missed").count() > 0 && await page.locator("path.capacity").count() === 1, "what is missed, against capacity");
	await page.click("summary");
	const forecast = await desk.json("FORECAST", "DAYS", "30", "CAPACITY", "service=1");
	const first = forecast.days.find((one) => one.queue === "service");
	same((await page.locator("details tbody tr").first().locator("td").allInnerTexts()).slice(0, 5), [first.falling_due, first.waiting, first.capacity, first.done, first.missed].map(String));
	await picture(page, "15-ahead");

	await go(page, "report");
	await has(page, "tbody tr", "Complaint");
	const report = await desk.json("REPORT", "FROM", "2025-01-01", "TO", "2025-03-04", "BY", "rule");
	const complaint = report.rows.find((one) => one.rule === "complaint");
	const shown = await page.locator("tbody tr").filter({hasText: "Complaint"}).locator("td").allInnerTexts();
	same(shown.slice(1, 5), [complaint.due, complaint.done, complaint.done_late, complaint.missed].map(String));
	same(shown[0], `${(Math.round(complaint.done * 1000 / (complaint.done + complaint.done_late + complaint.missed)) / 10).toFixed(1)} %`);
	await picture(page, "16-report");
	await page.selectOption("main select", "branch");
	await has(page, "tbody tr", "SH01");
	same(await page.locator(".bar-row").count(), 3);
});

test("a reviewer judges a contact; a rejection needs a note and reopens it", async (desk) => {
	await desk.agent("rita", "reviewer", []);
	await desk.agent("anna");
	await desk.client("C1");
	await desk.event("E1", "C1", "complaint");
	const {Client} = await import("./desk.mjs");
	const anna = new Client(desk.socket);
	await anna.call("AUTH", "anna", desk.tokens.anna);
	await anna.call("DONE", JSON.parse(await anna.call("NEXT")).lease, "reached", {note: "was short"});
	const page = await desk.signIn("rita", {language: "en-GB"});
	await go(page, "review");
	await page.keyboard.press("n");
	await has(page, "main", "was short");
	for (const group of await page.locator(".marks").all())
		await group.locator("input").nth(2).check({force: true});
	await picture(page, "17-review");
	await page.click("button.danger");
	await has(page, ".refusal", "A rejection needs a note");
	await page.fill("main textarea", "did not listen");
	await page.click("button.danger");
	await has(page, ".notice", "matters reopened: 1");
	const [review] = await desk.json("LIST", "reviews");
	same([review.state, review.scores.greeting, review.note], ["rejected", 2, "did not listen"]);
	await page.click("[data-key=next]");
	await has(page, ".notice", "No contact waits");
}, {change: (desk) => desk.rewrite("followupd.conf", (text) => text.replace(/share {5}= 5/, "share     = 100"))});

test("the live events come back after the daemon was away; the page shows it meanwhile", async (desk) => {
	await desk.agent("sven", "supervisor", []);
	await desk.client("C1");
	await desk.event("E1", "C1", "complaint");
	const page = await desk.signIn("sven", {language: "en-GB"});
	await has(page, ".live.on", "live");
	await desk.stopDaemon("SIGKILL");
	await page.waitForSelector("#banner:not([hidden])");
	await desk.startDaemon();
	await page.waitForSelector("#banner", {state: "hidden"});
	await has(page, ".live.on", "live");
	await desk.client("C2");
	await desk.event("E2", "C2", "complaint");
	await until(async () => (await cells(page, "Queues", "service"))[0] === "2", "live again");
});
