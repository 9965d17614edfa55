'use strict';
// A real RabbitMQ on 127.0.0.1 at free ports, with MQTT and MQTT over
// WebSocket, and nothing of the system's own RabbitMQ.
//
//   const broker = await rabbitmq.start();
//   broker.port; broker.webPort; await broker.stop();
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { freePort } = require('./mosquitto');

const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const START_MS = 180000;
const STOP_MS = 60000;


function configuration({ port, webPort, amqpPort }) {
  return `listeners.tcp.1 = 127.0.0.1:${amqpPort}
mqtt.listeners.tcp.1 = 127.0.0.1:${port}
mqtt.allow_anonymous = true
mqtt.default_user = guest
mqtt.default_pass = guest
web_mqtt.tcp.ip = 127.0.0.1
web_mqtt.tcp.port = ${webPort}
web_mqtt.ws_path = /ws
`;
}

async function environment(folder, ports) {
  const file = (name, text) => {
    fs.writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  return {
    PATH: `${process.env.PATH}:/usr/sbin`,
    LANG: 'C.UTF-8',
    HOME: folder,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(ports.epmdPort),
    RABBITMQ_CONF_ENV_FILE: file('environment', ''),
    RABBITMQ_CONFIG_FILE: file('rabbitmq.conf', configuration(ports)),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('plugins', '[rabbitmq_mqtt,rabbitmq_web_mqtt].\n'),
    RABBITMQ_NODENAME: `midge${process.pid}@localhost`,
    RABBITMQ_DIST_PORT: String(ports.distributionPort),
    RABBITMQ_MNESIA_BASE: path.join(folder, 'database'),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_LOGS: '-',
    RABBITMQ_FEATURE_FLAGS_FILE: path.join(folder, 'flags'),
    RABBITMQ_PID_FILE: path.join(folder, 'pid'),
  };
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

const isInstalled = () => fs.existsSync(SERVER);

class RabbitMq {
  async start() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-rabbitmq-'));
    const ports = {};
    for (const name of ['port', 'webPort', 'amqpPort', 'epmdPort', 'distributionPort']) {
      ports[name] = await freePort();
    }
    Object.assign(this, ports);
    this.environment = await environment(this.folder, ports);
    const log = fs.openSync(path.join(this.folder, 'log'), 'w');
    const options = { env: this.environment, stdio: ['ignore', log, log] };
    // Its port mapper is a child of ours: RabbitMQ would leave its own behind.
    this.mapper = this.spawn('epmd', [], options);
    this.server = this.spawn(SERVER, [], options);
    fs.closeSync(log);
    await this.accepting();
    return this;
  }

  spawn(command, args, options) {
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args], options);
    child.exited = new Promise((resolve) => {
      child.on('exit', resolve).on('error', resolve);
    });
    return child;
  }

  async accepting() {
    const end = Date.now() + START_MS;
    while (!await accepts(this.port) || !await accepts(this.webPort)) {
      if (Date.now() > end || this.server.exitCode !== null) {
        const log = fs.readFileSync(path.join(this.folder, 'log'), 'utf8');
        await this.stop();
        throw new Error(`RabbitMQ did not start:\n${log.slice(-3000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async stop() {
    for (const child of [this.server, this.mapper]) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await child.exited;
      clearTimeout(timer);
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

async function start() {
  return new RabbitMq().start();
}

module.exports = { start, isInstalled };
