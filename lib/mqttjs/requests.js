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

// A request: `settle` tells its outcome, once.
class Request {
  id = 0; // the message id that the program sees
  isTold = false;

  constructor(owner, callback) {
    this.owner = owner;
    this.callback = callback;
  }

  tell(...args) {
    if (this.isTold) return;
    this.isTold = true;
    if (this.callback) call(this.owner, this.callback, ...args);
  }
}

class Publish extends Request {
  cmd = 'publish';

  constructor(owner, callback, topic, payload, options) {
    super(owner, callback);
    const { qos = 0, retain = false, dup = false, properties } = options;
    this.topic = topic;
    this.payload = payload;
    this.qos = qos;
    this.retain = retain;
    this.dup = dup;
    this.properties = properties;
    this.cbStorePut = undefined; // with a store
  }

  packet() {
    const { topic, payload, qos, retain, dup, properties } = this;
    return withProperties(
      { cmd: 'publish', topic, payload, qos, retain, messageId: this.id, dup }, properties);
  }

  // It is in the store.
  stored() {
    if (this.cbStorePut) call(this.owner, this.cbStorePut);
  }

  succeeded() {
    if (this.qos === 0) this.tell();
    else if (this.qos === 1) this.tell(null, this.packet());
    else this.tell(null, { cmd: 'pubrel', qos: 2, messageId: this.id });
  }

  // What went wrong without the server's saying so.
  #local(error) {
    const isAlias = this.properties?.topicAlias !== undefined;
    return isAlias && error.errno === errors.EINVAL
      ? faults.told('Sending Topic Alias out of range', error) : fault(error);
  }

  failed(error, { properties } = {}) {
    const { reasonCode } = error;
    if (reasonCode === undefined) {
      this.tell(this.#local(error));
      return;
    }
    this.tell(new ErrorWithReasonCode(`Publish error: ${reasonText(reasonCode)}`, reasonCode),
      packets.ack(this.qos === 1 ? 'puback' : 'pubrec',
        { messageId: this.id, reasonCode, properties }));
  }
}

// A call of subscribe may be several packets, and has one callback.
class Group {
  constructor(owner, callback, entries) {
    this.owner = owner;
    this.callback = callback;
    this.entries = entries;
    this.open = 0; // packets without an outcome
    this.error = null;
  }

  done(error, suback) {
    this.open -= 1;
    this.error ??= error;
    if (this.open === 0 && this.callback) {
      call(this.owner, this.callback, this.error, this.entries, suback);
    }
  }
}

class Subscribe extends Request {
  cmd = 'subscribe';
  answer = 'suback';

  constructor(group, entries, properties, { forget, nameless }) {
    super(group.owner, group.callback);
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

  #end(error, suback) {
    if (this.isTold) return;
    this.isTold = true;
    this.group.done(error, suback);
  }

  answered(codes, answer) {
    const suback = packets.granted('suback', { ...answer, messageId: this.id, granted: codes });
    const refusal = codes.find((code) => code >= 128);
    const error = refusal === undefined ? null
      : new ErrorWithSubackPacket(`Subscribe error: ${reasonText(refusal)}`, suback);
    codes.forEach((code, at) => {
      if (code >= 128) this.forget(this.entries[at].topic, error);
      else if (refusal === undefined) this.entries[at].qos = code;
    });
    this.#end(error, suback);
  }

  succeeded(answer) {
    this.answered([...answer.reasons], answer);
  }

  failed(error, answer) {
    if (answer?.reasons?.length > 0) {
      this.succeeded(answer);
      return;
    }
    if (error.errno === errors.ENOTSUP && this.nameless) {
      this.nameless();
      this.group.open -= 1;
      return;
    }
    const told = fault(error);
    for (const { topic } of this.entries) this.forget(topic, told);
    this.#end(told);
  }

  closed() {
    this.#end(Object.assign(new ErrorWithSubackPacket(CLOSED), { code: 'MIDGE_ELOST' }));
  }
}

class Unsubscribe extends Request {
  cmd = 'unsubscribe';
  answer = 'unsuback';

  constructor(owner, callback, filters, properties) {
    super(owner, callback);
    this.filters = filters;
    this.properties = properties;
  }

  packet() {
    const { filters: unsubscriptions, id: messageId, properties } = this;
    return withProperties({ cmd: 'unsubscribe', unsubscriptions, messageId }, properties);
  }

  succeeded(answer) {
    const { isMqtt5, reasons, properties } = answer;
    this.tell(null, packets.granted('unsuback', {
      isMqtt5, messageId: this.id, granted: isMqtt5 ? [...reasons] : undefined, properties,
    }));
  }

  failed(error, answer) {
    if (answer?.reasons?.length > 0) this.succeeded(answer);
    else this.tell(fault(error));
  }

  closed() {
    this.tell(Object.assign(new Error(CLOSED), { code: 'MIDGE_ELOST' }));
  }
}

module.exports = { Publish, Group, Subscribe, Unsubscribe, call };
