'use strict';
// The JavaScript of the documents runs as it is written, against a real broker. A
// block that is none by itself has the word `fragment` after its language.
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { after, before, test } = require('node:test');
const ts = require('typescript');
const mosquitto = require('../support/mosquitto');

const ROOT = path.join(__dirname, '..', '..');
const LIMIT_MS = 120000;
// What a block takes for granted, what it comes to, and what it prints then.
const blocks = {
  'README.md': {
    midge: { prints: ['home/kitchen/light on'] },
  },
  'docs/migrating-from-mqttjs.md': {
    'Coming from MQTT.js': { isByLine: true, prints: [] },
  },
  'docs/guide.md': {
    'The first message': [
      { prints: ['home/kitchen/light on'] },
      { prints: [] },
    ],
    Publishing: { prints: ['the server has it'] },
    Receiving: {
      before: `const work = async (topic, payload) => {
          console.log('work', topic, String(payload));
          client.end();
        };
        const other = await mqtt.connectAsync(url);
        await other.publishAsync('jobs/1', 'paint', { qos: 1, retain: true });`,
      after: `await other.publishAsync('jobs/1', '', { qos: 1, retain: true });
        await other.endAsync();`,
      prints: ['light on', 'all home/kitchen/light', 'all jobs/1', 'work jobs/1 paint'],
    },
    'When the connection is lost': { prints: [] },
    'The will': { prints: [] },
    'TLS, passwords, tokens': {
      before: `const token = { current: 'secret' };
        const fs = { readFileSync: () => undefined };`,
      after: 'client.end(); console.log(client.options.password);',
      prints: ['secret'],
    },
    'WebSocket and proxies': {
      before: 'const token = { current: \'secret\' };',
      after: 'client.end(); console.log(\'made\');',
      prints: ['made'],
    },
    'Surviving the process': {
      before: 'const directory = new URL(\'session\', import.meta.url).pathname;',
      prints: ['stored', 'delivered'],
    },
    Requests: { prints: ['open'] },
    'More than one process, more than one server': { prints: ['jobs/1 paint'] },
    'The end of a program': { prints: ['goodbye'] },
    'Seeing what happens': { prints: ['0 0 number {}'] },
    TypeScript: { isTyped: true, prints: [] },
  },
  'docs/mqtt-connect.md': {
    'Messages one by one': {
      before: `const client = await mqtt.connectAsync(url);
        const store = async (topic, payload) => {
          console.log(topic, String(payload));
          if (String(payload) === 'b') client.end();
        };
        client.once('packetreceive', () => {
          for (const text of ['a', 'b']) client.publish('sensors/x', text, { qos: 1 });
        });`,
      prints: ['sensors/x a', 'sensors/x b'],
    },
    'Handlers of subscriptions': {
      before: 'const client = await mqtt.connectAsync(url);',
      after: `client.on('message', (topic, payload) => {
          console.log(topic, String(payload));
          client.end();
        });
        client.publish('home/x', 'on');`,
      prints: ['home/x on'],
    },
    Requests: {
      before: `const server = await mqtt.connectAsync(url, { protocolVersion: 5 });
        await server.subscribeAsync('door/open', {}, (topic, asked, { properties }) => {
          const { responseTopic, correlationData } = properties;
          server.publish(responseTopic, 'open', { properties: { correlationData } });
        });`,
      after: `console.log(String(payload));
        await client.endAsync();
        await server.endAsync();`,
      prints: ['open'],
    },
    'Acknowledging by hand': {
      before: `let left = 2;
        const work = async (payload) => {
          console.log(String(payload));
          left -= 1;
          if (left === 0) setImmediate(() => client.end());
        };`,
      after: 'client.publish(\'jobs/1\', \'job\', { qos: 1 });',
      prints: ['job', 'job'],
    },
    'The end': {
      after: 'console.log(client.connected, other.disconnecting);',
      prints: ['true false'],
    },
    'Several servers': {
      after: 'console.log(\'made\'); process.exit();',
      prints: ['made'],
    },
    Diagnostics: {
      before: `const log = (code) => console.log(code);
        const client = await mqtt.connectAsync(url);`,
      after: 'await client.endAsync();',
      prints: ['undefined'],
    },
  },
};

Object.assign(blocks, {
  'docs/api.md': {
    'The class mqtt': [
      { isByLine: true, prints: [] },
      { after: 'client.on("received", () => client.disconnect())', prints: ['kitchen/light on'] },
    ],
  },
  'docs/durability.md': {
    'Sessions that survive the process': {
      after: 'client.on(\'published\', () => client.disconnect());',
      prints: ['1 will be delivered', '1 was delivered'],
    },
    'The durable inbox': {
      before: `const work = async (key, message) => {
          console.log(typeof key, String(message));
          setTimeout(() => client.end(), 100);
        };`,
      after: `await client.subscribeAsync('inbox', { qos: 1 });
        client.publish('inbox', 'job', { qos: 1 });`,
      prints: ['string job'],
    },
  },
});

let broker;
let folder;

before(async () => {
  broker = await mosquitto.start();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-'));
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'midge'));
});

after(async () => {
  await broker.stop();
  fs.rmSync(folder, { recursive: true });
});

// Of a broker at its usual port, and of folders that nobody has here.
function placed(code) {
  const url = `mqtt://127.0.0.1:${broker.port}`;
  for (const [, name] of code.matchAll(/var.lib.([a-z]+)/g)) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
  }
  return code.replaceAll('mqtt://127.0.0.1', url).replaceAll('mqtt://broker.example', url)
    .replaceAll('\'localhost\', 1883', `'127.0.0.1', ${broker.port}`)
    .replaceAll('/var/lib', folder);
}

// [{ section, code }] of what is JavaScript and no fragment.
function codeOf(document) {
  const text = fs.readFileSync(path.join(ROOT, document), 'utf8');
  const found = [];
  let section;
  for (const [, heading, info, code] of
    text.matchAll(/^#+ (.*)$|^```(.*)\n([^]*?)^```$/gm)) {
    if (heading !== undefined) section = heading.replaceAll('`', '');
    else if (['js', 'javascript', 'ts'].includes(info)) found.push({ section, code });
  }
  return found;
}

async function run(name, code) {
  const file = path.join(folder, name);
  fs.writeFileSync(file, code);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: LIMIT_MS });
  return stdout.split('\n').slice(0, -1);
}

// A block that begins by itself is a program; another one is put into a module.
function program({ before: given = '', after: rest = '' }, code) {
  const url = `mqtt://127.0.0.1:${broker.port}`;
  if (code.includes('from \'midge\'')) return ['program.mjs', placed(code)];
  if (code.includes('= require(\'midge\')')) return ['program.cjs', placed(code)];
  return ['program.mjs', `import { createRequire } from 'node:module';
    import mqtt from 'midge';
    const require = createRequire(import.meta.url);
    const url = '${url}';
    ${given}
    ${placed(code)}
    ${rest}`];
}

// Each line is a program; one with types is none of JavaScript's.
async function runLines(code) {
  for (const line of code.trim().split('\n')) {
    if (/\btype\b/.test(line)) continue;
    const extension = line.startsWith('import') ? 'mjs' : 'cjs';
    assert.deepEqual(await run(`line.${extension}`, line), [], line);
  }
}

// What newer versions of Node.js run as it is.
function older(name, code) {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  return [name, ts.transpileModule(code, { compilerOptions }).outputText];
}

// Of TypeScript, what its compiler has to say.
function complaints(code) {
  const file = path.join(folder, 'program.mts');
  fs.writeFileSync(file, code);
  const options = { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext, types: ['node'],
    typeRoots: [path.join(ROOT, 'node_modules', '@types')] };
  return ts.getPreEmitDiagnostics(ts.createProgram([file], options))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

for (const [document, sections] of Object.entries(blocks)) {
  const found = codeOf(document);
  const wanted = Object.entries(sections)
    .flatMap(([section, some]) => [some].flat().map((block) => ({ section, block })));

  test(`${document}: each block of code is one that runs`, () => {
    assert.deepEqual(found.map(({ section }) => section), wanted.map(({ section }) => section));
  });

  for (const [index, { section, block }] of wanted.entries()) {
    const { code } = found[index];
    const skip = section === 'The end' && !Symbol.asyncDispose;
    test(`${document}: ${section}`, { skip }, async () => {
      if (block.isTyped) assert.deepEqual(complaints(code), []);
      if (block.isByLine) await runLines(code);
      else assert.deepEqual(await run(...older(...program(block, code))), block.prints);
    });
  }
}
