'use strict';
// What a program does with a broker, one function for each: they say in a few
// words what they saw, and fail only if it never came.
const { spawn } = require('node:child_process');
const path = require('node:path');
const mqtt = require('../../lib');

const LIB = path.join(__dirname, '../../lib');
const LIMIT_MS = 60000;
const QUIET_MS = 300;

let topics = 0;

function newTopic() {
  topics += 1;
  return `midge/${process.pid}/${topics}`;
}

function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function within(promise, what) {
  let timer;
  const limit = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} in time`)), LIMIT_MS);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

// The class with promises, and with what it received in an array.
class Program {
  constructor({ url, version }, { id = '', clean = true, keepAlive = 60000, ...options } = {}) {
    this.url = url;
    this.received = [];
    this.client = new mqtt(id, null, null, clean, keepAlive, true,
      { protocolVersion: version, ...options });
    this.client.on('received', (mid, topic, message, qos, retain, properties) => {
      this.received.push({ topic, message, qos, retain, properties });
    });
  }

  call(name, ...args) {
    return within(new Promise((resolve, reject) => {
      const callback = (...results) => {
        const error = results.find((result) => result instanceof Error);
        if (error) reject(error);
        else resolve(results);
      };
      const code = this.client[name](...args, callback);
      if (code !== 0) reject(new Error(`${name}: ${mqtt.strerror(code)}`));
    }), name);
  }

  async connect() {
    const [, , connack] = await this.call('connect', this.url, null);
    return connack;
  }

  async subscribe(topic, qos = 2, options = null) {
    return within(new Promise((resolve, reject) => {
      this.client.subscribe(qos, topic, (mid, granted, error) => {
        if (error) reject(error);
        else resolve(granted);
      }, null, options);
    }), 'subscribe');
  }

  async publish(topic, message, qos = 1, retain = false, properties = null) {
    return within(new Promise((resolve, reject) => {
      this.client.publish(qos, retain, topic, message, (mid, error) => {
        if (error) reject(error);
        else resolve();
      }, null, properties);
    }), 'publish');
  }

  async messages(count) {
    const end = Date.now() + LIMIT_MS;
    while (this.received.length < count) {
      if (Date.now() > end) throw new Error(`${this.received.length} of ${count} messages came`);
      await delay(5);
    }
    return this.received.splice(0);
  }

  // What has come when nothing more is coming: not before what was published after it.
  async quiet() {
    const last = newTopic();
    await this.subscribe(last, 1);
    await this.publish(last, 'the last');
    const end = Date.now() + LIMIT_MS;
    while (!this.received.some(({ topic }) => topic === last)) {
      if (Date.now() > end) throw new Error('the last message did not come');
      await delay(5);
    }
    await delay(QUIET_MS);
    return this.received.splice(0).filter(({ topic }) => topic !== last);
  }

  disconnect() {
    return this.client.connected ? this.call('disconnect') : this.client.disconnect();
  }
}

const texts = (messages) => messages.map(({ message }) => String(message)).join(' ');

async function roundTrip(open, qos) {
  const program = await open();
  const topic = newTopic();
  await program.subscribe(topic);
  await program.publish(topic, 'm', qos);
  const [message] = await program.messages(1);
  return `arrives with QoS ${message.qos}`;
}

async function order(open, qos) {
  const topic = newTopic();
  const [reader, writer] = [await open(), await open()];
  await reader.subscribe(topic);
  for (let i = 0; i < 1000; i += 1) writer.client.publish(qos, false, topic, String(i));
  const all = await reader.messages(1000);
  const isInOrder = all.every(({ message }, i) => String(message) === String(i));
  return `${all.length}, ${isInOrder ? 'in order' : 'out of order'}`;
}

const functions = {
  'a message of QoS 0': (open) => roundTrip(open, 0),
  'a message of QoS 1': (open) => roundTrip(open, 1),
  'a message of QoS 2': (open) => roundTrip(open, 2),

  async 'QoS granted for 0, 1, 2'(open) {
    const program = await open();
    const granted = [];
    for (const qos of [0, 1, 2]) granted.push(await program.subscribe(newTopic(), qos));
    return granted.join(' ');
  },

  async 'no client identifier'(open) {
    const program = await open();
    return program.client.connected ? 'connected' : 'not connected';
  },

  async 'a retained message, and an empty one that removes it'(open) {
    const topic = newTopic();
    const [writer, reader, late] = [await open(), await open(), await open()];
    await writer.publish(topic, 'kept', 1, true);
    await reader.subscribe(topic);
    const [{ retain, message }] = await reader.messages(1);
    await writer.publish(topic, '', 1, true);
    await late.subscribe(topic);
    const rest = await late.quiet();
    return `${message} retain=${retain}, then ${rest.length}`;
  },

  async 'a will when the process is killed'(open, { url, version }) {
    const topic = newTopic();
    const watcher = await open();
    await watcher.subscribe(topic);
    const child = spawn(process.execPath, ['-e', `
      const mqtt = require(${JSON.stringify(LIB)});
      const client = new mqtt('', null, null, true, 60000, true,
        { protocolVersion: ${version} });
      client.set_willmsg('${topic}', 'gone', 1, false);
      client.connect('${url}', () => process.kill(process.pid, 'SIGKILL'));`]);
    child.on('error', (error) => child.emit('exit', error));
    await within(new Promise((resolve) => child.on('exit', resolve)), 'end of the process');
    return texts(await watcher.messages(1));
  },

  async 'a second client with the same identifier'(open) {
    const id = newTopic().replace(/\//g, '');
    const first = await open({ id, reconnectPeriod: 0 });
    const lost = new Promise((resolve) => first.client.once('disconnected', resolve));
    const second = await open({ id });
    await within(lost, 'takeover');
    return `the first is ended, the second ${second.client.connected ? 'stays' : 'is too'}`;
  },

  async 'a session kept over a disconnection'(open, { version }) {
    const topic = newTopic();
    const id = topic.replace(/\//g, '');
    const properties = version === 5 ? { sessionExpiryInterval: 600 } : undefined;
    const first = await open({ id, clean: false, properties });
    await first.subscribe(topic, 1);
    await first.disconnect();
    const writer = await open();
    for (const text of ['1', '2', '3']) await writer.publish(topic, text);
    const connack = await first.connect();
    const seen = texts(await first.messages(3));
    return `present=${connack.sessionPresent}: ${seen}`;
  },

  async 'wildcards'(open) {
    const topic = newTopic();
    const program = await open();
    await program.subscribe(`${topic}/+/end`);
    await program.subscribe(`${topic}/all/#`);
    for (const rest of ['x/end', 'x/y/end', 'all/a/b', 'all']) {
      await program.publish(`${topic}/${rest}`, rest);
    }
    return texts(await program.quiet());
  },

  async 'two subscriptions that match one message'(open) {
    const topic = newTopic();
    const program = await open();
    await program.subscribe(`${topic}/a`);
    await program.subscribe(`${topic}/+`);
    await program.publish(`${topic}/a`, 'm');
    return `${(await program.quiet()).length} message(s)`;
  },

  async 'unsubscribing'(open) {
    const topic = newTopic();
    const program = await open();
    await program.subscribe(topic);
    await program.publish(topic, 'before');
    await program.messages(1);
    await program.call('unsubscribe', topic);
    await program.publish(topic, 'after');
    return `${(await program.quiet()).length} afterwards`;
  },

  async 'a message of 1 MiB'(open) {
    const topic = newTopic();
    const program = await open();
    const message = Buffer.alloc(1 << 20, 'midge');
    await program.subscribe(topic);
    await program.publish(topic, message);
    const [got] = await program.messages(1);
    return got.message.equals(message) ? 'the same' : 'another';
  },

  async 'a topic that is not ASCII'(open) {
    const topic = `${newTopic()}/Küche/温度/🦟`;
    const program = await open();
    await program.subscribe(topic);
    await program.publish(topic, 'm');
    const [got] = await program.messages(1);
    return got.topic === topic ? 'the same' : got.topic;
  },

  'order of 1,000 messages of QoS 0': (open) => order(open, 0),
  'order of 1,000 messages of QoS 1': (open) => order(open, 1),
  'order of 1,000 messages of QoS 2': (open) => order(open, 2),

  async 'a keep-alive of 1 s, for 4 s'(open) {
    const program = await open({ keepAlive: 1000 });
    await delay(4000);
    return program.client.connected ? 'still connected' : 'dropped';
  },
};

const functionsOf5 = {
  async 'properties of a message'(open) {
    const topic = newTopic();
    const program = await open();
    const sent = {
      payloadFormatIndicator: true,
      contentType: 'text/plain',
      responseTopic: 'a/b',
      correlationData: Buffer.from('c'),
      userProperties: { name: 'value' },
    };
    await program.subscribe(topic);
    await program.publish(topic, 'm', 1, false, sent);
    const [{ properties }] = await program.messages(1);
    return Object.keys(sent).filter((name) => properties && name in properties).join(' ');
  },

  async 'a shared subscription'(open) {
    const topic = newTopic();
    const [one, two, writer] = [await open(), await open(), await open()];
    await one.subscribe(`$share/group/${topic}`);
    await two.subscribe(`$share/group/${topic}`);
    for (let i = 0; i < 10; i += 1) await writer.publish(topic, String(i));
    const counts = [(await one.quiet()).length, (await two.quiet()).length];
    return `${counts[0] + counts[1]} in all, both ${counts.every(Boolean) ? 'some' : 'not'}`;
  },

  async 'no local'(open) {
    const topic = newTopic();
    const program = await open();
    await program.subscribe(topic, 1, { nl: true });
    await program.publish(topic, 'm');
    return `${(await program.quiet()).length} message(s) of its own`;
  },

  async 'a subscription identifier'(open) {
    const topic = newTopic();
    const program = await open();
    await program.subscribe(topic, 1, { properties: { subscriptionIdentifier: 77 } });
    await program.publish(topic, 'm');
    const [{ properties }] = await program.messages(1);
    return String(properties && properties.subscriptionIdentifier);
  },

  async 'what the server allows, as it says on connecting'(open) {
    const program = new Program(open.broker);
    const { properties = {} } = await program.connect();
    program.disconnect();
    return Object.keys(properties).sort().join(' ');
  },
};

// Runs one function with programs that are all ended afterwards.
async function observe(name, broker) {
  const programs = [];
  const open = async (options) => {
    const program = new Program(broker, options);
    programs.push(program);
    await program.connect();
    return program;
  };
  open.broker = broker;
  try {
    return await (functions[name] || functionsOf5[name])(open, broker);
  } finally {
    for (const program of programs) await program.disconnect();
  }
}

module.exports = {
  functions: Object.keys(functions),
  functionsOf5: Object.keys(functionsOf5),
  observe,
};
