'use strict';
// Requests that have no outcome yet, and what their callbacks are given.
const native = require('../native');
const { errors } = require('../errors');
const packets = require('./packets');
const faults = require('./faults');
const { ErrorWithReasonCode, ErrorWithSubackPacket, reasonText } = require('./reasons');

const CLOSED = 'Connection closed';

function call(owner, callback, ...args) {
  try {
    return callback.apply(owner, args);
  } catch (error) {
    native.raise(error);
    return undefined;
  }
}

// What the core says of a request that failed, in MQTT.js's words.
function fault(error) {
  return error.errno === errors.ECLOSED ? faults.told(CLOSED, error) : error;
}

function withProperties(packet, properties) {
  if (properties !== undefined) packet.properties = properties;
  return packet;
}

// Of the bits of a publish, above the QoS.
const RETAIN = 4;
const DUP = 8;
const TOLD = 16;

// A message without properties, whose id is the core's. Very many may wait, so they
// hold no more than they need. Here and below, `owner` is the MqttClient.
class Publish {
  constructor(callback, topic, payload, { qos = 0, retain = false, dup = false }) {
    this.callback = callback;
    this.topic = topic;
    this.payload = payload;
    this.bits = qos | (retain ? RETAIN : 0) | (dup ? DUP : 0);
    this.id = 0; // the message id that the program sees
  }

  get cmd() {
    return 'publish';
  }

  get qos() {
    return this.bits & 3;
  }

  get retain() {
    return (this.bits & RETAIN) !== 0;
  }

  get dup() {
    return (this.bits & DUP) !== 0;
  }

  get isTold() {
    return (this.bits & TOLD) !== 0;
  }

  // The id that the core knows it by.
  get mid() {
    return this.id;
  }

  identify(id) {
    this.id = id;
  }

  // Its outcome is told now; false: it was before.
  beTold() {
    if (this.isTold) return false;
    this.bits |= TOLD;
    return true;
  }

  packet() {
    const { topic, payload, qos, retain, id: messageId, dup, properties } = this;
    return withProperties({ cmd: 'publish', topic, payload, qos, retain, messageId, dup },
      properties);
  }

  // It is in the store.
  stored(owner) {
    if (this.cbStorePut) call(owner, this.cbStorePut);
  }

  tell(owner, ...args) {
    if (this.beTold() && this.callback) call(owner, this.callback, ...args);
  }

  succeeded(owner) {
    const { qos } = this;
    if (qos === 0) this.tell(owner);
    else if (qos === 1) this.tell(owner, null, this.packet());
    else this.tell(owner, null, { cmd: 'pubrel', qos: 2, messageId: this.id });
  }

  // What went wrong without the server's saying so.
  #local(error) {
    const isAlias = this.properties?.topicAlias !== undefined;
    return isAlias && error.errno === errors.EINVAL
      ? faults.told('Sending Topic Alias out of range', error) : fault(error);
  }

  failed(owner, error, { properties } = {}) {
    const { reasonCode } = error;
    if (reasonCode === undefined) {
      this.tell(owner, this.#local(error));
      return;
    }
    this.tell(owner,
      new ErrorWithReasonCode(`Publish error: ${reasonText(reasonCode)}`, reasonCode),
      packets.ack(this.qos === 1 ? 'puback' : 'pubrec',
        { messageId: this.id, reasonCode, properties }));
  }
}

function isBoolean(value) {
  return value === undefined || typeof value === 'boolean';
}

// One with all that may be, an id of a provider of the program's say.
class FullPublish extends Publish {
  #mid = 0;
  #retain; // as they were given, true or not
  #dup;

  constructor(callback, topic, payload, options) {
    super(callback, topic, payload, options);
    const { retain = false, dup = false, properties } = options;
    this.#retain = retain;
    this.#dup = dup;
    this.properties = properties;
  }

  // Of options that are not all that a plain one has.
  static isNeeded({ retain, dup, properties }) {
    return Boolean(properties) || !isBoolean(retain) || !isBoolean(dup);
  }

  get retain() {
    return this.#retain;
  }

  get dup() {
    return this.#dup;
  }

  get mid() {
    return this.#mid;
  }

  identify(id, mid) {
    this.id = id;
    this.#mid = mid;
  }
}

// Of the others.
class Request {
  id = 0;
  mid = 0;
  isTold = false;

  constructor(callback) {
    this.callback = callback;
  }

  identify(id, mid) {
    this.id = id;
    this.mid = mid;
  }
}

// A call of subscribe may be several packets, and has one callback.
class Group {
  constructor(callback, entries) {
    this.callback = callback;
    this.entries = entries;
    this.open = 0; // packets without an outcome
    this.error = null;
  }

  done(owner, error, suback) {
    this.open -= 1;
    this.error ??= error;
    if (this.open === 0 && this.callback) {
      call(owner, this.callback, this.error, this.entries, suback);
    }
  }
}

class Subscribe extends Request {
  cmd = 'subscribe';
  answer = 'suback';

  constructor(group, entries, properties, { forget, nameless }) {
    super(group.callback);
    this.group = group;
    this.entries = entries;
    this.properties = properties;
    this.forget = forget; // (topic, error): it was refused
    this.nameless = nameless; // ask without an identifier, if this had one of ours
    group.open += 1;
  }

  packet() {
    const { entries: subscriptions, id: messageId, properties } = this;
    return withProperties({ cmd: 'subscribe', subscriptions, messageId }, properties);
  }

  #end(owner, error, suback) {
    if (this.isTold) return;
    this.isTold = true;
    this.group.done(owner, error, suback);
  }

  answered(owner, codes, answer) {
    const suback = packets.granted('suback', { ...answer, messageId: this.id, granted: codes });
    const refusal = codes.find((code) => code >= 128);
    const error = refusal === undefined ? null
      : new ErrorWithSubackPacket(`Subscribe error: ${reasonText(refusal)}`, suback);
    codes.forEach((code, at) => {
      if (code >= 128) this.forget(this.entries[at].topic, error);
      else if (refusal === undefined) this.entries[at].qos = code;
    });
    this.#end(owner, error, suback);
  }

  succeeded(owner, answer) {
    this.answered(owner, [...answer.reasons], answer);
  }

  failed(owner, error, answer) {
    if (answer?.reasons?.length > 0) {
      this.succeeded(owner, answer);
      return;
    }
    if (error.errno === errors.ENOTSUP && this.nameless) {
      this.nameless();
      this.group.open -= 1;
      return;
    }
    const told = fault(error);
    for (const { topic } of this.entries) this.forget(topic, told);
    this.#end(owner, told);
  }

  closed(owner) {
    this.#end(owner, Object.assign(new ErrorWithSubackPacket(CLOSED), { code: 'MIDGE_ELOST' }));
  }
}

class Unsubscribe extends Request {
  cmd = 'unsubscribe';
  answer = 'unsuback';

  constructor(callback, filters, properties) {
    super(callback);
    this.filters = filters;
    this.properties = properties;
  }

  packet() {
    const { filters: unsubscriptions, id: messageId, properties } = this;
    return withProperties({ cmd: 'unsubscribe', unsubscriptions, messageId }, properties);
  }

  #tell(owner, ...args) {
    if (this.isTold) return;
    this.isTold = true;
    if (this.callback) call(owner, this.callback, ...args);
  }

  succeeded(owner, answer) {
    const { isMqtt5, reasons, properties } = answer;
    this.#tell(owner, null, packets.granted('unsuback', {
      isMqtt5, messageId: this.id, granted: isMqtt5 ? [...reasons] : undefined, properties,
    }));
  }

  failed(owner, error, answer) {
    if (answer?.reasons?.length > 0) this.succeeded(owner, answer);
    else this.#tell(owner, fault(error));
  }

  closed(owner) {
    this.#tell(owner, Object.assign(new Error(CLOSED), { code: 'MIDGE_ELOST' }));
  }
}

module.exports = { Publish, FullPublish, Group, Subscribe, Unsubscribe, call };
