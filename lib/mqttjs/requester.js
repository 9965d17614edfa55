'use strict';
// client.request(): a message, and the response to it (MQTT 5, 4.10). All of a
// client share one response topic; correlation data tells them apart.
const { randomBytes } = require('node:crypto');
const { errors, failure, invalidType, outOfRange } = require('../errors');
const signals = require('../signals');
const { copy } = require('../bytes');
const { TIMER_MS_MAX } = require('../clock');
const { aborted } = require('./messages');

const TIMEOUT_MS = 30000;
const PREFIX = 'midge/response';
const ID_BYTES = 8;

function checkTimeout(timeout) {
  if (typeof timeout !== 'number') throw invalidType('options.timeout', 'number', timeout);
  if (!(timeout >= 0 && timeout <= TIMER_MS_MAX)) {
    throw outOfRange('options.timeout', `>= 0 and <= ${TIMER_MS_MAX} milliseconds`, timeout);
  }
}

function checkSignal(signal) {
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw invalidType('options.signal', 'an instance of AbortSignal', signal);
  }
}

// Responses are heard before handlers are called.
const noop = () => {};

class Requester {
  #owner; // the MqttClient
  #conduct;
  #id = randomBytes(ID_BYTES);
  #count = 0;
  #pending = new Map(); // by correlation data: what settles the request
  #topic; // the response topic that is subscribed to, or is being
  #ready; // a promise of that

  constructor(conduct) {
    this.#owner = conduct.owner;
    this.#conduct = conduct;
  }

  // What was asked for gets no response any more.
  ended() {
    this.#topic = undefined;
    for (const { fail } of [...this.#pending.values()]) {
      fail(failure(errors.ECLOSED, { text: 'the client was ended before there was a response' }));
    }
  }

  async request(topic, payload, { timeout = TIMEOUT_MS, signal, ...options }) {
    checkTimeout(timeout);
    checkSignal(signal);
    if (this.#owner.options.protocolVersion !== 5) {
      throw failure(errors.ENOTSUP,
        { text: 'request() needs MQTT 5: connect with protocolVersion: 5' });
    }
    if (signal?.aborted) throw aborted(signal);
    const message = copy('message', payload); // there may be a subscription to wait for
    const correlationData = this.#nextCorrelation();
    const response = this.#await(correlationData, { topic, timeout, signal });
    this.#send(topic, message, options, correlationData);
    return response;
  }

  #nextCorrelation() {
    const data = Buffer.alloc(ID_BYTES + ID_BYTES);
    this.#id.copy(data);
    data.writeBigUInt64BE(BigInt(this.#count), ID_BYTES);
    this.#count += 1;
    return data;
  }

  #await(correlationData, { topic, timeout, signal }) {
    const key = correlationData.toString('latin1');
    return new Promise((resolve, reject) => {
      const settle = (outcome) => (value) => {
        this.#pending.delete(key);
        if (this.#pending.size === 0) this.#conduct.expect(undefined);
        clearTimeout(timer);
        unheed?.();
        outcome(value);
      };
      const fail = settle(reject);
      const timer = timeout === 0 ? undefined : setTimeout(() => fail(failure(errors.ETIMEOUT,
        { text: `no response to a request to ${topic} within ${timeout} ms` })), timeout);
      const unheed = signal && signals.heed(signal, () => fail(aborted(signal)));
      if (this.#pending.size === 0) this.#conduct.expect(this.#hear);
      this.#pending.set(key, { resolve: settle(resolve), fail });
    });
  }

  async #send(topic, payload, options, correlationData) {
    const key = correlationData.toString('latin1');
    try {
      const responseTopic = await this.#subscribe();
      if (!this.#pending.has(key)) return;
      await this.#owner.publishAsync(topic, payload, {
        ...options, properties: { ...options.properties, responseTopic, correlationData },
      });
    } catch (error) {
      this.#pending.get(key)?.fail(error);
    }
  }

  // A server that was asked for it says where responses may go.
  async #base() {
    const owner = this.#owner;
    if (owner.options.properties?.requestResponseInformation && !owner.connected) {
      await new Promise((resolve) => {
        const told = () => {
          owner.off('connect', told).off('end', told);
          resolve();
        };
        owner.on('connect', told).on('end', told);
      });
    }
    const { responseInformation = PREFIX } = owner.serverProperties ?? {};
    return responseInformation.replace(/\/$/, '');
  }

  async #subscribe() {
    const topic = `${await this.#base()}/${this.#id.toString('hex')}`;
    if (topic !== this.#topic) {
      this.#topic = topic;
      this.#ready = this.#owner.subscribeAsync(topic, { qos: 1 }, noop)
        .catch((error) => this.#refused(topic, error));
    }
    await this.#ready;
    return topic;
  }

  // With a lost connection it is asked for again by itself.
  #refused(topic, error) {
    if (error.code === 'MIDGE_ELOST') return;
    if (this.#topic === topic) this.#topic = undefined;
    throw error;
  }

  #hear = (topic, packet) => {
    if (topic === this.#topic) this.#respond(packet);
  };

  #respond(packet) {
    const key = packet.properties?.correlationData?.toString('latin1');
    this.#pending.get(key)?.resolve(packet);
  }
}

module.exports = { Requester };
