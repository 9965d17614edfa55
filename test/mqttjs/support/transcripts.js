'use strict';
// Transcripts of the session's own tests, played to a client of mqtt.connect: the
// server says what it says there, whatever of it is wrong, and then becomes a good
// one. What a session does is judged elsewhere; here, that a program is none the
// worse for it.
const { once } = require('node:events');
const net = require('node:net');
const { setTimeout: delay } = require('node:timers/promises');
const mqttPacket = require('mqtt-packet');
const { answers } = require('./broker');

const PATIENCE_MS = 60; // for what the client sends by itself
const LIMIT_MS = 60000;

// "publish token=1 topic="a b"*3" as a verb and its fields.
function parse(text) {
  const fields = {};
  const pattern = /([\w.]+)=("(?:[^"\\]|\\.)*"(?:\*\d+)?|\S+)/g;
  for (const [, name, raw] of text.matchAll(pattern)) {
    const [, quoted, times] = /^"(.*)"(?:\*(\d+))?$/.exec(raw) ?? [];
    const value = quoted === undefined ? raw : quoted.repeat(times ?? 1);
    (fields[name] ??= []).push(value);
  }
  return { verb: text.split(' ', 1)[0], fields, get: (name) => fields[name]?.[0] };
}

const versions = { 5: 5, '3.1.1': 4, 3.1: 3 };

function clientOptions(lines) {
  const all = lines.filter((line) => line.startsWith('option ')).join(' ');
  const { get } = parse(all);
  const number = (name) => (get(name) === undefined ? undefined : Number(get(name)));
  const protocolVersion = versions[get('version') ?? '5'];
  const properties = {
    sessionExpiryInterval: number('session_expiry_s'),
    topicAliasMaximum: number('alias_max'),
    receiveMaximum: number('receive_max'),
    maximumPacketSize: number('packet_size_max'),
    authenticationMethod: get('authentication_method'),
  };
  return {
    clientId: get('client_id') ?? 'a',
    clean: get('clean_start') === '1',
    protocolVersion,
    ...protocolVersion === 5 && { properties: JSON.parse(JSON.stringify(properties)) },
  };
}

// A connection, which counts the packets that came, whatever they are.
class Connection {
  packets = 0;
  isGood = false;
  #bytes = Buffer.alloc(0);

  constructor(socket, { protocolVersion, properties }) {
    this.socket = socket;
    this.protocolVersion = protocolVersion;
    this.method = properties?.authenticationMethod;
    this.parser = mqttPacket.parser({ protocolVersion });
    this.parser.on('packet', (packet) => this.#answer(packet));
    this.parser.on('error', () => socket.destroy());
    socket.on('error', () => {}).on('data', (bytes) => this.#take(bytes));
  }

  #take(bytes) {
    if (this.isGood) {
      this.parser.parse(bytes);
      return;
    }
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    let size = this.#size();
    while (size <= this.#bytes.length) {
      this.#bytes = this.#bytes.subarray(size);
      this.packets += 1;
      size = this.#size();
    }
  }

  // Of the first packet.
  #size() {
    let length = 0;
    for (let at = 1; at < Math.min(this.#bytes.length, 5); at += 1) {
      length += (this.#bytes[at] & 127) * 128 ** (at - 1);
      if (this.#bytes[at] < 128) return 1 + at + length;
    }
    return Infinity;
  }

  #answer(packet) {
    const answer = answers[packet.cmd]?.(packet);
    if (packet.cmd === 'connect' && this.method) {
      answer.properties = { authenticationMethod: this.method };
    }
    if (answer) this.#send(answer);
    if (packet.cmd === 'subscribe') this.#send({ cmd: 'publish', topic: 'after', payload: 'm' });
  }

  #send(packet) {
    const { protocolVersion, socket } = this;
    socket.write(mqttPacket.generate({ qos: 0, ...packet }, { protocolVersion }));
  }
}

class Player {
  #connections = [];
  #current = null;
  #expected = 0; // packets of this connection
  #hasEnded = false;
  #isGood = false; // from now on the server is

  constructor(mqtt, lines) {
    this.mqtt = mqtt;
    this.lines = lines;
  }

  async play() {
    const options = clientOptions(this.lines);
    const server = net.createServer((socket) => {
      const connection = new Connection(socket, options);
      connection.isGood = this.#isGood;
      this.#connections.push(connection);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.client = this.mqtt.connect({
      host: '127.0.0.1', port: server.address().port, reconnectPeriod: 1,
      reconnectOnConnackError: true, ...options,
    });
    this.client.handleAuth = (packet, callback) => callback(null, { reasonCode: 24 });
    try {
      for (const line of this.lines) await this.#tell(line);
      if (!this.#hasEnded) await this.#recover();
      await new Promise((resolve) => this.client.end(true, resolve));
    } finally {
      this.client.end(true);
      for (const { socket } of this.#connections) socket.destroy();
      server.close();
    }
  }

  async #until(condition, limit) {
    const end = Date.now() + limit;
    while (!condition() && Date.now() < end) await delay(1);
    return condition();
  }

  async #tell(text) {
    if (text.startsWith('<x')) {
      await this.#say(Buffer.from(text.slice(2).replaceAll(' ', ''), 'hex'));
      return;
    }
    const { verb, fields, get } = parse(text);
    const ignore = () => {};
    const properties = {};
    if (get('topic_alias')) properties.topicAlias = Number(get('topic_alias'));
    switch (verb) {
      case '>': case '>x': await this.#sent(); break;
      case 'connected': await this.#connected(); break;
      case 'disconnected': this.#current?.socket.destroy(); break;
      case 'publish': this.client.publish(get('topic') ?? '', get('payload') ?? '',
        { qos: Number(get('qos') ?? 0), properties }, ignore);
        break;
      case 'subscribe': this.client.subscribe(fields.filter ?? [], { qos: 1 }, ignore); break;
      case 'unsubscribe': this.client.unsubscribe(fields.filter ?? [], ignore); break;
      case 'disconnect':
        this.#hasEnded = true;
        this.client.end();
        break;
      default: // what a program of mqtt.connect cannot see or do
    }
  }

  // To the system, that is, or to nobody any more.
  #say(bytes) {
    return new Promise((resolve) => {
      const { socket } = this.#current ?? {};
      if (socket === undefined || socket.destroyed) resolve();
      else socket.once('close', resolve).write(bytes, resolve);
    });
  }

  async #sent() {
    this.#expected += 1;
    await this.#until(() => this.#current === null || this.#current.socket.destroyed ||
      this.#current.packets >= this.#expected, PATIENCE_MS);
  }

  async #connected() {
    this.#expected = 0;
    this.#current?.socket.destroy();
    const before = this.#connections.indexOf(this.#current);
    await this.#until(() => this.#connections.length > before + 1, PATIENCE_MS);
    this.#current = this.#connections.at(-1) ?? null;
  }

  // The next connection is as good as any.
  async #recover() {
    this.#isGood = true;
    this.#current?.socket.destroy();
    for (const { socket } of this.#connections) socket.destroy();
    const limit = (name) => new Promise((resolve, reject) => {
      setTimeout(reject, LIMIT_MS, new Error(`no ${name} after\n${this.lines.join('\n')}`)).unref();
    });
    const { client } = this;
    const heard = new Promise((resolve) => {
      client.on('message', (topic) => topic === 'after' && resolve());
    });
    const subscribed = new Promise((resolve) => {
      const attempt = () => client.subscribe(`after/${Math.random()}`, (error) => {
        if (error && !client.disconnecting) attempt();
        else resolve();
      });
      attempt();
    });
    await Promise.race([subscribed, limit('SUBACK')]);
    await Promise.race([heard, limit('message')]);
    await Promise.race([client.publishAsync('after', 'm', { qos: 1 }), limit('PUBACK')]);
  }
}

module.exports = { play: (mqtt, lines) => new Player(mqtt, lines).play() };
