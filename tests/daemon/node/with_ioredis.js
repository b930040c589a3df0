// What a console written with ioredis does: signs in as the library starts, feeds, waits for a call, closes it.
//     with_ioredis.js SOCKET PORT FEEDER-TOKEN AGENT-TOKEN
const assert = require("node:assert");
const Redis = require("ioredis");

const [socket, port, feederToken, agentToken] = process.argv.slice(2);

async function main() {
	// With its ready check, which reads INFO, and a name for the connection.
	const feeder = new Redis({ path: socket, username: "feed", password: feederToken, connectionName: "core-system" });
	const agent = new Redis({ host: "127.0.0.1", port: Number(port), username: "anna", password: agentToken });
	agent.on("error", (error) => assert.fail(error));
	assert.strictEqual(await feeder.ping(), "PONG");
	assert.strictEqual(await feeder.call("CLIENT", "GETNAME"), "core-system");
	assert.strictEqual(await agent.call("NEXT"), null);
	await assert.rejects(agent.call("CHECK"), /^ReplyError: NOPERM /);

	const heap = feeder.pipeline();
	for (let i = 0; i < 200; i++)
		heap.call("CLIENT.PUT", JSON.stringify({ client_ref: `I${i}`, name: "孔丽勇", phone: "139", ...(i % 10 == 9 ? { tier: "wood" } : {}) }));
	const answers = await heap.exec();
	answers.forEach(([error, reply], i) => {
		if (i % 10 == 9) assert.match(error.message, /^ERR /);
		else assert.deepStrictEqual([error, reply], [null, 1]);
	});

	const waiting = agent.call("NEXT", "WAIT", 60);
	await feeder.call("EVENT.PUT", JSON.stringify({ event_ref: "E2", client_ref: "I0", kind: "complaint", occurred_at: "2025-03-04" }));
	const call = JSON.parse(await waiting);
	assert.strictEqual(call.agenda[0].client_ref, "I0");
	assert.strictEqual(call.agenda[0].name, "孔丽勇");
	const answer = JSON.parse(await agent.call("DONE", call.lease, "reached", JSON.stringify({ note: "a b" })));
	assert.deepStrictEqual(answer.left, []);
	await assert.rejects(agent.call("TOUCH", call.lease), /^ReplyError: NOLEASE /);

	// A wrong token: the library hears of it and does not come in.
	const stranger = new Redis({ path: socket, username: "anna", password: "wrong", retryStrategy: null, maxRetriesPerRequest: 0, lazyConnect: true });
	const heard = new Promise((resolve) => stranger.on("error", resolve));
	await stranger.connect().catch(() => {});
	assert.match(String(await heard), /NOAUTH|WRONGPASS/);
	stranger.disconnect();
	assert.strictEqual(await agent.quit(), "OK");
	assert.strictEqual(await feeder.quit(), "OK");
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
