'use strict';
// A real RabbitMQ on 127.0.0.1 at free ports, with MQTT and MQTT over
// WebSocket, and nothing of the system's own RabbitMQ.
//
//   const broker = await rabbitmq.start();
//   broker.port; broker.webPort; await broker.stop();
//
// Or a cluster, of which any node may stop and start again:
//
//   const cluster = await rabbitmq.startCluster(3, 'mqtt.durable_queue_type = quorum');
//   const [node] = cluster.nodes; await node.halt('SIGKILL'); await node.launch();
//   await cluster.stop();
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { freePort } = require('./mosquitto');

const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const START_MS = 180000;
const STOP_MS = 60000;
const PORTS = ['port', 'webPort', 'amqpPort', 'distributionPort'];

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

const isInstalled = () => fs.existsSync(SERVER);

function start(command, args, options) {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args], options);
  child.exited = new Promise((resolve) => {
    child.on('exit', resolve).on('error', resolve);
  });
  return child;
}

async function end(child, signal) {
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await child.exited;
  clearTimeout(timer);
}

class Node {
  constructor(cluster, number, ports) {
    Object.assign(this, { cluster, ...ports });
    this.name = `midge${process.pid}-${number}@localhost`;
    this.folder = path.join(cluster.folder, `${number}`);
  }

  get log() {
    return fs.readFileSync(path.join(this.folder, 'log'), 'utf8');
  }

  #configuration() {
    const { nodes, settings } = this.cluster;
    const lines = nodes.length < 2 ? [] : [
      'cluster_formation.peer_discovery_backend = classic_config',
      ...nodes.map(({ name }, i) => `cluster_formation.classic_config.nodes.${i + 1} = ${name}`),
    ];
    return `listeners.tcp.1 = 127.0.0.1:${this.amqpPort}
mqtt.listeners.tcp.1 = 127.0.0.1:${this.port}
mqtt.allow_anonymous = true
mqtt.default_user = guest
mqtt.default_pass = guest
web_mqtt.tcp.ip = 127.0.0.1
web_mqtt.tcp.port = ${this.webPort}
web_mqtt.ws_path = /ws
${[...lines, settings].join('\n')}
`;
  }

  #file(name, text) {
    fs.writeFileSync(path.join(this.folder, name), text);
    return path.join(this.folder, name);
  }

  #environment() {
    return {
      ...this.cluster.environment,
      RABBITMQ_CONF_ENV_FILE: this.#file('environment', ''),
      RABBITMQ_CONFIG_FILE: this.#file('rabbitmq.conf', this.#configuration()),
      RABBITMQ_ENABLED_PLUGINS_FILE: this.#file('plugins',
        '[rabbitmq_mqtt,rabbitmq_web_mqtt].\n'),
      RABBITMQ_NODENAME: this.name,
      RABBITMQ_DIST_PORT: String(this.distributionPort),
      RABBITMQ_MNESIA_BASE: path.join(this.folder, 'database'),
      RABBITMQ_LOG_BASE: this.folder,
      RABBITMQ_LOGS: '-',
      RABBITMQ_FEATURE_FLAGS_FILE: path.join(this.folder, 'flags'),
      RABBITMQ_PID_FILE: path.join(this.folder, 'pid'),
    };
  }

  // Again, too, at the same ports, with what it had.
  async launch() {
    fs.mkdirSync(this.folder, { recursive: true });
    const log = fs.openSync(path.join(this.folder, 'log'), 'a');
    this.server = start(SERVER, [], { env: this.#environment(), stdio: ['ignore', log, log] });
    fs.closeSync(log);
    const until = Date.now() + START_MS;
    while (!await accepts(this.port) || !await accepts(this.webPort)) {
      if (Date.now() > until || this.server.exitCode !== null) {
        throw new Error(`RabbitMQ did not start:\n${this.log.slice(-3000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async halt(signal = 'SIGTERM') {
    if (this.server) await end(this.server, signal);
  }
}

class Cluster {
  constructor(settings) {
    this.settings = settings;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-rabbitmq-'));
  }

  async start(count) {
    const used = new Set();
    const unused = async () => {
      for (;;) {
        const port = await freePort();
        if (!used.has(port)) return used.add(port) && port;
      }
    };
    this.nodes = [];
    for (let i = 0; i < count; i += 1) {
      const ports = {};
      for (const name of PORTS) ports[name] = await unused();
      this.nodes.push(new Node(this, i, ports));
    }
    this.environment = {
      PATH: `${process.env.PATH}:/usr/sbin`,
      LANG: 'C.UTF-8',
      HOME: this.folder,
      RUNNING_UNDER_SYSTEMD: 'true', // no shell in between: the child is the server itself
      ERL_EPMD_ADDRESS: '127.0.0.1',
      ERL_EPMD_PORT: String(await unused()),
    };
    const cookie = path.join(this.folder, '.erlang.cookie');
    fs.writeFileSync(cookie, crypto.randomBytes(16).toString('hex'), { mode: 0o400 });
    // The port mapper is a child of ours: RabbitMQ would leave its own behind.
    this.mapper = start('epmd', [], { env: this.environment, stdio: 'ignore' });
    await Promise.all(this.nodes.map((node) => node.launch()));
    return this;
  }

  // What rabbitmqctl says to one of the nodes.
  control(node, ...words) {
    const child = spawn('/usr/lib/rabbitmq/bin/rabbitmqctl', ['-n', node.name, ...words],
      { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => { said += text; });
    }
    return new Promise((resolve, reject) => {
      child.on('error', reject).on('close', (code) => {
        if (code === 0) resolve(said);
        else reject(new Error(said));
      });
    });
  }

  async stop() {
    await Promise.all(this.nodes.map((node) => node.halt()));
    await end(this.mapper, 'SIGTERM');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

async function startCluster(count, settings = '') {
  const cluster = new Cluster(settings);
  try {
    return await cluster.start(count);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function startOne() {
  const cluster = await startCluster(1);
  const [{ port, webPort }] = cluster.nodes;
  return { port, webPort, stop: () => cluster.stop() };
}

module.exports = { isInstalled, start: startOne, startCluster };
