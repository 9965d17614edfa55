'use strict';
// A real mosquitto on 127.0.0.1 at free ports, for tests and the demo.
//
//   const broker = await mosquitto.start({ persistence: true });
//   broker.port; broker.pid; await broker.restart(); await broker.stop();
//
// Other programs use it as a command, with the port in MIDGE_TEST_PORT:
//
//   node mosquitto.js -- COMMAND...   run COMMAND beside a broker
//   node mosquitto.js [--port N] [--folder F] [--persistence]
//       prints the broker's port and pid, stops it when standard input ends
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const { foreignEnvironment } = require('./environment');

const TEMPLATE = path.join(__dirname, 'mosquitto.conf');
const START_MS = 60000;
const STOP_MS = 60000;

function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Outside of what the system gives to outgoing connections and to servers that
// ask for any port, so that a port that is free stays so until it is bound.
const PORTS = [12000, 32000];

function canListen(port) {
  return new Promise((resolve) => {
    const server = net.createServer().on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function freePort() {
  for (;;) {
    const port = crypto.randomInt(...PORTS);
    if (await canListen(port)) return port;
  }
}

// Lines of mosquitto.conf: true and false as they are, undefined left out.
function settings(values) {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
}

function listenerLines(listener) {
  const { port, websockets, tls = {}, psk, ...others } = listener;
  return [
    `listener ${port} 127.0.0.1`,
    ...settings({
      protocol: websockets ? 'websockets' : undefined,
      cafile: tls.ca,
      capath: tls.caPath,
      certfile: tls.certificate,
      keyfile: tls.key,
      crlfile: tls.crl,
      tls_version: tls.version,
      ciphers: tls.ciphers,
      require_certificate: tls.requireCertificate,
      psk_hint: psk ? psk.hint || 'midge' : undefined,
      ...others,
    }),
  ];
}

function pskLines(folder, listeners) {
  const keys = listeners.filter((listener) => listener.psk)
    .flatMap(({ psk }) => Object.entries(psk.keys));
  if (keys.length === 0) return [];
  const file = path.join(folder, 'psk');
  const text = keys.map(([identity, key]) => `${identity}:${key}\n`).join('');
  fs.writeFileSync(file, text);
  return [`psk_file ${file}`];
}

function persistenceLines(folder) {
  return settings({
    persistence: true,
    persistence_location: `${folder}/`,
    autosave_interval: 1800,
  });
}

function mosquittoPath() {
  const folders = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`.split(':');
  const files = folders.map((folder) => path.join(folder, 'mosquitto'));
  return files.find((file) => fs.existsSync(file)) || 'mosquitto';
}

class Mosquitto {
  // `listeners`: [{ port, websockets, tls, psk, ...settings }], one plain one
  // by default; `settings`: any others of mosquitto.conf; `folder`: where the
  // configuration, the log and the database live, a temporary one by default.
  constructor(options = {}) {
    this.options = options;
    this.listeners = (options.listeners || [{ port: options.port }])
      .map((listener) => ({ ...listener }));
    this.chosen = this.listeners.map((listener) => listener.port > 0);
    this.folder = options.folder;
    if (!this.folder) {
      this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-broker-'));
      this.temporary = true;
    }
    this.child = null;
    this.killOnExit = () => this.child && this.child.kill('SIGTERM');
  }

  get ports() {
    return this.listeners.map((listener) => listener.port);
  }

  get port() {
    return this.ports[0];
  }

  get pid() {
    return this.child && this.child.pid;
  }

  get log() {
    return fs.readFileSync(path.join(this.folder, 'log'), 'utf8');
  }

  configure() {
    const isRoot = process.getuid() === 0;
    const lines = [
      fs.readFileSync(TEMPLATE, 'utf8'),
      ...settings({ user: isRoot ? 'root' : undefined }),
      ...settings(this.options.settings || {}),
      ...(this.options.persistence ? persistenceLines(this.folder) : []),
      ...pskLines(this.folder, this.listeners),
      ...this.listeners.flatMap(listenerLines),
    ];
    const file = path.join(this.folder, 'mosquitto.conf');
    fs.writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }

  // A port that was free may be taken by the time mosquitto binds it.
  async start() {
    for (let attempt = 1; ; attempt += 1) {
      for (const [i, listener] of this.listeners.entries()) {
        if (!this.chosen[i]) listener.port = await freePort();
      }
      if (await this.launch()) break;
      const taken = this.log.includes('Address already in use');
      if (taken && attempt < 20) await delay(attempt * 50);
      else throw new Error(`mosquitto did not start:\n${this.log}`);
    }
    this.chosen.fill(true);
    return this;
  }

  async launch() {
    const log = fs.openSync(path.join(this.folder, 'log'), 'w');
    const command = [mosquittoPath(), '-c', this.configure()];
    // Should this process be killed, the broker goes with it.
    this.child = spawn('setpriv', ['--pdeathsig', 'TERM', ...command],
      { stdio: ['ignore', log, log], env: foreignEnvironment() });
    fs.closeSync(log);
    this.exited = new Promise((resolve) => {
      this.child.on('exit', resolve).on('error', resolve);
    });
    process.on('exit', this.killOnExit);
    const isUp = await Promise.race([this.running(), this.exited]) === true;
    if (!isUp) await this.halt('SIGKILL');
    else this.child.on('exit', (...how) => this.died(how));
    return isUp;
  }

  // Nobody stopped it: the tests that fail from here on are not to blame.
  died(how) {
    if (!this.child) return;
    console.error(`mosquitto ended by itself (${how}):\n${this.log.slice(-3000)}`);
  }

  // That somebody accepts at a port says little: it may be another server.
  async running() {
    const end = Date.now() + START_MS;
    while (this.child && !/mosquitto version \S+ running/.test(this.log)) {
      if (Date.now() > end) return false;
      await delay(20);
    }
    return true;
  }

  async halt(signal) {
    const { child } = this;
    if (!child) return;
    this.child = null;
    process.removeListener('exit', this.killOnExit);
    if (child.pid && child.exitCode === null) child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await this.exited;
    clearTimeout(timer);
  }

  // Stop and start again at the same ports, with the same database.
  async restart(signal = 'SIGTERM') {
    await this.halt(signal);
    return this.start();
  }

  async pause(signal = 'SIGTERM') {
    await this.halt(signal);
  }

  async stop(signal = 'SIGTERM') {
    await this.halt(signal);
    if (this.temporary) fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

async function start(options) {
  const broker = new Mosquitto(options);
  try {
    return await broker.start();
  } catch (error) {
    await broker.stop();
    throw error;
  }
}

function run(command, broker) {
  const child = spawn(command[0], command.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, MIDGE_TEST_PORT: String(broker.port) },
  });
  return new Promise((resolve) => {
    child.on('exit', (code) => resolve(code === null ? 1 : code));
    child.on('error', (error) => {
      console.error(error.message);
      resolve(127);
    });
  });
}

function standardInputEnds() {
  return new Promise((resolve) => {
    process.stdin.on('end', resolve).on('error', resolve).resume();
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, resolve);
  });
}

async function main(words) {
  const dashes = words.indexOf('--');
  const flags = dashes < 0 ? words : words.slice(0, dashes);
  const value = (name) => {
    const at = flags.indexOf(name);
    return at < 0 ? undefined : flags[at + 1];
  };
  const broker = await start({
    port: Number(value('--port') || 0),
    folder: value('--folder'),
    persistence: flags.includes('--persistence'),
  });
  if (dashes >= 0) {
    process.exitCode = await run(words.slice(dashes + 1), broker);
  } else {
    console.log(`${broker.port} ${broker.pid}`);
    await standardInputEnds();
  }
  await broker.stop();
}

module.exports = { start, freePort, Mosquitto };

if (require.main === module) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
