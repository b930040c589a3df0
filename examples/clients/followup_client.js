// A CRM that feeds followupd and makes its calls, with nothing but Node's own library. followup-clients(7) explains it.
//
//     FEEDER_TOKEN=... AGENT_TOKEN=... node followup_client.js ADDRESS < rows
//
// ADDRESS is the unix socket or HOST:PORT. Each row is a command and its document: CLIENT.PUT {"client_ref":"C1","name":"..."}
'use strict';
const net = require('node:net');
const fs = require('node:fs');

const BATCH = 100; // rows on their way at once
const PATIENCE = 120000; // ms for which BUSY, STORE and a lost connection are borne
const PAUSE = 50, PAUSE_MOST = 2000;

// An error answer; word is what programs go by.
class Refused extends Error {
  constructor(text) {
    super(text);
    this.word = text.split(' ', 1)[0];
  }
}

const isLater = (answer) => answer instanceof Refused && (answer.word === 'BUSY' || answer.word === 'STORE');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function encode(words) {
  const parts = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const data = Buffer.from(word);
    parts.push(Buffer.from(`$${data.length}\r\n`), data, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

// The answer at the front of the bytes: [value, where it ends], or null while it is not complete.
function decode(bytes, at) {
  const end = bytes.indexOf('\r\n', at);
  if (end < 0) return null;
  const kind = String.fromCharCode(bytes[at]);
  const rest = bytes.toString('utf8', at + 1, end);
  if (kind === '+') return [rest, end + 2];
  if (kind === '-') return [new Refused(rest), end + 2];
  if (kind === ':') return [Number(rest), end + 2];
  if (rest === '-1') return [null, end + 2];
  if (kind === '$') {
    const last = end + 2 + Number(rest);
    return bytes.length < last + 2 ? null : [bytes.toString('utf8', end + 2, last), last + 2];
  }
  const list = [];
  let next = end + 2;
  for (let i = 0; i < Number(rest); i++) {
    const found = decode(bytes, next);
    if (found === null) return null;
    list.push(found[0]);
    next = found[1];
  }
  return [list, next];
}

// One identity's connection, made anew when it breaks. Only what may be sent twice is sent through it.
class Desk {
  constructor(address, name, token) {
    Object.assign(this, { address, name, token, socket: null, bytes: Buffer.alloc(0), wake: null, broken: null });
  }

  async connect() {
    const colon = this.address.lastIndexOf(':');
    const place = colon < 0 || this.address.includes('/')
      ? { path: this.address } : { host: this.address.slice(0, colon), port: Number(this.address.slice(colon + 1)) };
    this.bytes = Buffer.alloc(0);
    this.broken = null;
    const socket = net.connect(place);
    this.socket = socket;
    const wake = () => { if (this.wake) { this.wake(); this.wake = null; } };
    const lose = (error) => { if (this.socket === socket) { this.broken = error; wake(); } };
    socket.on('data', (data) => { this.bytes = Buffer.concat([this.bytes, data]); wake(); });
    socket.on('error', lose);
    socket.on('close', () => lose(new Error('the connection broke')));
    socket.write(encode(['AUTH', this.name, this.token]));
    const answer = await this.read();
    if (answer instanceof Refused) {
      this.close();
      throw answer;
    }
  }

  close() {
    if (this.socket) this.socket.destroy();
    this.socket = null;
  }

  async read() {
    for (;;) {
      const found = decode(this.bytes, 0);
      if (found !== null) {
        this.bytes = this.bytes.subarray(found[1]);
        return found[0];
      }
      if (this.broken) throw this.broken;
      await new Promise((resolve) => { this.wake = resolve; });
    }
  }

  // Sends commands at once and hands each answer to take, in order. From the first BUSY or STORE on they are sent again, all of them, so that two rows of one client keep
  // their order; so they are from the first unanswered one when the connection breaks.
  async askAll(commands, take) {
    let done = 0, pause = PAUSE, until = Date.now() + PATIENCE;
    while (done < commands.length) {
      let why = new Error('the daemon was busy for too long');
      try {
        if (this.socket === null) await this.connect();
        const sent = commands.slice(done);
        this.socket.write(Buffer.concat(sent.map(encode)));
        let later = false;
        for (const words of sent) {
          const answer = await this.read();
          later = later || isLater(answer);
          if (later) continue;
          take(words, answer);
          done++;
          pause = PAUSE;
          until = Date.now() + PATIENCE;
        }
      } catch (error) {
        if (error instanceof Refused && !isLater(error)) throw error;
        this.close();
        why = error;
      }
      if (done < commands.length) {
        if (Date.now() > until) throw why;
        await sleep(pause);
        pause = Math.min(pause * 2, PAUSE_MOST);
      }
    }
  }

  async ask(...words) {
    let answer;
    await this.askAll([words], (_, found) => { answer = found; });
    if (answer instanceof Refused) throw answer;
    return answer;
  }
}

async function feed(desk, rows) {
  let taken = 0, refused = 0;
  for (let start = 0; start < rows.length; start += BATCH) {
    await desk.askAll(rows.slice(start, start + BATCH), (words, answer) => {
      if (!(answer instanceof Refused)) {
        taken++; // 1: something is new, 0: it was known; both are well
        return;
      }
      if (answer.word === 'NOAUTH' || answer.word === 'NOPERM') throw answer;
      refused++;
      console.log(`refused: ${words[1]}: ${answer.message}`);
    });
  }
  console.log(`fed: ${taken} taken, ${refused} refused`);
}

async function work(desk) {
  for (;;) {
    let text;
    try {
      text = await desk.ask('NEXT'); // NEXT WAIT 30 waits for a call
    } catch (error) {
      if (error.word !== 'CLOSED') throw error;
      console.log(`closed: ${error.message}`);
      return;
    }
    if (text === null) {
      console.log('nothing waits');
      return;
    }
    const call = JSON.parse(text);
    console.log(`call ${call.call}: ${call.agenda[0].client_ref} ${call.agenda[0].rule}`);
    // ... here somebody talks; TOUCH keeps the lease meanwhile ...
    const outcome = JSON.stringify({ note: 'welcomed' }); // the same bytes when it is sent again
    try {
      const done = JSON.parse(await desk.ask('DONE', call.lease, 'reached', outcome));
      console.log(`done ${done.call}: closed ${done.closed.length}`);
    } catch (error) {
      if (error.word !== 'NOLEASE') throw error;
      console.log(`lost ${call.call}: ${error.message}`); // another has it now: go on
    }
  }
}

async function main() {
  const [address] = process.argv.slice(2);
  if (address === undefined) throw new Error('usage: followup_client.js ADDRESS < rows');
  const rows = fs.readFileSync(0, 'utf8').split('\n').filter((line) => line.trim() !== '')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]);
  const feeder = new Desk(address, process.env.FEEDER ?? 'crm-feed', process.env.FEEDER_TOKEN ?? '');
  const agent = new Desk(address, process.env.AGENT ?? 'crm-agent', process.env.AGENT_TOKEN ?? '');
  try {
    await feed(feeder, rows);
    await work(agent);
  } finally {
    feeder.close();
    agent.close();
  }
}

main().catch((error) => {
  console.error(`followup_client: ${error.message}`);
  process.exitCode = 1;
});
