// The same with the library "redis".
//     with_redis.js SOCKET PORT FEEDER-TOKEN AGENT-TOKEN
const assert = require("node:assert");
const { createClient } = require("redis");

const [socket, port, feederToken, agentToken] = process.argv.slice(2);

async function main() {
	const feeder = createClient({ socket: { path: socket }, username: "feed", password: feederToken, name: "core-system" });
	const agent = createClient({ url: `redis://anna:${agentToken}@127.0.0.1:${port}/0` });
	for (const client of [feeder, agent]) {
		client.on("error", (error) => assert.fail(error));
		await client.connect();
	}
	assert.strictEqual(await feeder.ping(), "PONG");
	assert.match(await feeder.sendCommand(["INFO"]), /worked_until:/);
	assert.strictEqual(await agent.sendCommand(["NEXT"]), null);
	await assert.rejects(agent.sendCommand(["CHECK"]), /NOPERM /);

	// Sent in one go: the library pipelines what is asked in one turn.
	const answers = await Promise.allSettled(
		Array.from({ length: 200 }, (_, i) =>
			feeder.sendCommand(["CLIENT.PUT", JSON.stringify({ client_ref: `R${i}`, name: "孔丽勇", phone: "139", ...(i % 10 == 9 ? { tier: "wood" } : {}) })]),
		),
	);
	answers.forEach(({ status, value, reason }, i) => {
		if (i % 10 == 9) assert.match(reason.message, /^ERR /);
		else assert.deepStrictEqual([status, value], ["fulfilled", 1]);
	});

	const waiting = agent.sendCommand(["NEXT", "WAIT", "60"]);
	await feeder.sendCommand(["EVENT.PUT", JSON.stringify({ event_ref: "E3", client_ref: "R0", kind: "complaint", occurred_at: "2025-03-04" })]);
	const call = JSON.parse(await waiting);
	assert.strictEqual(call.agenda[0].name, "孔丽勇");
	const answer = JSON.parse(await agent.sendCommand(["DONE", call.lease, "reached", JSON.stringify({ note: "a b" })]));
	assert.deepStrictEqual(answer.left, []);
	await assert.rejects(agent.sendCommand(["TOUCH", call.lease]), /NOLEASE /);
	await agent.quit();
	await feeder.quit();
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
