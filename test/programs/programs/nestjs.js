'use strict';
// @nestjs/microservices: a server and its client over MQTT 5, WebSocket
// and TLS.
require('reflect-metadata');
const fs = require('node:fs');
const { Controller, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { ClientProxyFactory, Ctx, EventPattern, MessagePattern, MqttRecordBuilder, Payload,
  Transport } = require('@nestjs/microservices');
const { firstValueFrom, timeout } = require('rxjs');

const CALL_MS = 2000;
const heard = [];

class Lamps {
  sum(numbers) {
    return numbers.reduce((a, b) => a + b, 0);
  }

  switched(lamp) {
    heard.push(lamp);
  }

  asked(data, context) {
    return context.getPacket().properties.userProperties;
  }
}

class App {}

// What decorators of TypeScript do.
function decorate() {
  const { prototype } = Lamps;
  const method = (name, decorator) =>
    decorator(prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
  method('sum', MessagePattern('sum'));
  method('switched', EventPattern('lamps/+/on'));
  method('asked', MessagePattern('asked'));
  for (const name of ['sum', 'switched', 'asked']) Payload()(prototype, name, 0);
  Ctx()(prototype, 'asked', 1);
  Controller()(Lamps);
  Module({ controllers: [Lamps] })(App);
}

async function pair(options, work) {
  const config = {
    transport: Transport.MQTT,
    options: { reconnectPeriod: 50, ...options },
  };
  const server = await NestFactory.createMicroservice(App, { logger: false, ...config });
  await server.listen();
  const client = ClientProxyFactory.create(config);
  client.on('error', () => {});
  await client.connect();
  await work(client);
  await client.close();
  await server.close();
}

async function sums(client, numbers, sum) {
  try {
    return await firstValueFrom(client.send('sum', numbers).pipe(timeout(CALL_MS))) === sum;
  } catch {
    return false;
  }
}

async function asks(client) {
  const record = new MqttRecordBuilder('who').setQoS(1)
    .setProperties({ userProperties: { house: 'ours' } }).build();
  const { house } = await firstValueFrom(client.send('asked', record));
  if (house !== 'ours') throw new Error('a wrong answer');
}

async function main({ url, tls, ws, ca, version, step, restart, until }) {
  decorate();
  await pair({ url, protocolVersion: version }, async (client) => {
    step('subscribed');
    await until(() => sums(client, [1, 2, 3], 6));
    await until(async () => {
      await firstValueFrom(client.emit('lamps/hall/on', 'hall'), { defaultValue: null });
      return heard.includes('hall');
    });
    if (version === 5) await asks(client);
    step('heard');
    await restart();
    await until(() => sums(client, [4, 5], 9));
    step('again');
  });
  await pair({ url: ws }, (client) => until(() => sums(client, [1], 1)));
  step('websocket');
  await pair({ url: tls, ca: fs.readFileSync(ca) }, (client) => until(() => sums(client, [2], 2)));
  step('tls');
  step('ended');
}

async function will({ url, step }) {
  const client = ClientProxyFactory.create({
    transport: Transport.MQTT,
    options: { url, will: { topic: 'will/nestjs', payload: 'gone', qos: 1 } },
  });
  await client.connect();
  step('waits');
}

module.exports = { main, will };
