'use strict';
// How an MqttClient tells what becomes of its client: MQTT.js's events, in its
// order, and the callbacks of requests.
const packets = require('./packets');
const faults = require('./faults');
const { LOWEST_REASON } = require('../errors');
const { Conduct } = require('./conduct');
const { Publish, call } = require('./requests');
const { isUntold } = require('./untold');

class Presenter extends Conduct {
  // What waited for this connection, if anybody is to see it leave.
  #waiting() {
    return this.isSentSeen ? this.unfinished : [];
  }

  // It leaves in its order. DUP is for what the server may have.
  #showWaiting(requests, sessionPresent) {
    for (const request of requests) {
      const packet = request.packet();
      if (request.qos > 0) packet.dup = sessionPresent && request.mid <= this.parts.lastSent;
      this.emit('packetsend', packet);
    }
  }

  // A message that nobody listens to is told all the same; while too many
  // wait for their handler, none is taken.
  isHeard() {
    return !this.isFull;
  }

  hearsSuccess() {
    return this.isSeen;
  }

  // It ends with the connection.
  add(request) {
    this.ownParts.volatile.add(request);
  }

  opened(connection) {
    const packet = packets.connack(connection.protocolVersion === 5, connection);
    const waiting = this.#waiting();
    this.connected(connection);
    this.show('packetreceive', () => packet);
    this.#showWaiting(waiting, connection.sessionPresent);
    this.emit('connect', packet);
    this.parts.inbox?.opened();
  }

  // `sent`: the reason that we gave.
  closed({ error, wasOpen, sent }) {
    if (error === undefined) {
      this.#keepSent(0);
      this.ended();
      return;
    }
    if (wasOpen) this.#keepSent(this.core.mid);
    const { reasonCode, properties } = error;
    if (wasOpen && reasonCode !== undefined) {
      const packet = packets.disconnect(reasonCode, properties);
      this.show('packetreceive', () => packet);
      this.emit('disconnect', packet);
    }
    this.heedRefusal(error, wasOpen);
    const fault = this.cause(error) ??
      faults.ofConnection(error, wasOpen, sent, this.options);
    if (fault !== undefined) this.emit('error', fault);
    const closed = wasOpen ? this.#takeVolatile() : [];
    this.lost(fault);
    for (const request of closed) {
      request.closed(this.owner);
      this.dropped(request);
    }
  }

  #keepSent(mid) {
    if (mid !== this.parts.lastSent) this.ownParts.lastSent = mid;
  }

  // Those that the next connection finds are made again by the core, but
  // their callbacks do not wait for it.
  #takeVolatile() {
    const { volatile } = this.parts;
    const requests = [...volatile];
    volatile.clear();
    return requests;
  }

  received(topic, payload, qos, retain, messageId, properties, dup, byAlias, isProposed,
    delivery) {
    const { isMqtt5 } = this.core.session; // this connection is, or the last one
    const packet = packets.publish(isMqtt5, byAlias ? '' : topic, payload, qos, retain,
      messageId, properties, dup);
    const { parts: { expected }, inbox } = this;
    if (delivery !== undefined) packet.deliveryKey = delivery.key;
    if (expected !== undefined && !isProposed) expected(topic, packet);
    inbox.take(topic, packet, isMqtt5, isProposed, delivery);
  }

  // Most are publishes, and nobody looks at packets.
  succeeded(request, mid, reason, isMqtt5) {
    if (request === undefined) return;
    this.forgetRemoved(mid);
    if (isUntold(request) && !this.hearsSuccess()) {
      this.settledUntold(mid);
      return;
    }
    if (request instanceof Publish && !this.hearsSuccess()) {
      request.succeeded(this.owner);
      this.settled(request, true);
      return;
    }
    this.answered(request, mid,
      { reasons: reason < 0 ? [] : [reason], properties: undefined, isMqtt5 });
  }

  answered(given, mid, answer) {
    if (given === undefined) return;
    this.forgetRemoved(mid);
    const request = this.told(mid, given);
    this.#show(request, answer);
    request.succeeded(this.owner, answer);
    this.#settled(request, true);
  }

  // Of a publish of a former life there is no callback.
  refused(given, mid, error, answer) {
    if (given === undefined) {
      this.emit('failed', mid, error);
      return;
    }
    this.forgetRemoved(mid);
    const request = this.told(mid, given);
    if (answer !== undefined) this.#show(request, answer);
    request.failed(this.owner, error, answer);
    this.#settled(request, error.reasonCode !== undefined);
  }

  #settled(request, isAnswered) {
    this.parts.volatile.delete(request);
    this.settled(request, isAnswered);
  }

  // The packet that answered a request; of QoS 2, what the core has received
  // and sent since as well.
  #show(request, { reasons, properties, isMqtt5 }) {
    const { qos, id: messageId, answer } = request;
    if (qos === 0) return;
    const codes = [...reasons ?? []];
    if (answer !== undefined) {
      const granted = isMqtt5 || answer === 'suback' ? codes : undefined;
      this.show('packetreceive', () => packets.granted(answer,
        { isMqtt5, messageId, granted, properties }));
      return;
    }
    const reasonCode = codes[0] ?? 0;
    const last = { isMqtt5, messageId, reasonCode, properties };
    if (qos === 2 && reasonCode < LOWEST_REASON) this.#showExchange(last);
    else this.show('packetreceive', () => packets.ack(qos === 1 ? 'puback' : 'pubrec', last));
  }

  #showExchange(last) {
    const { isMqtt5, messageId } = last;
    this.show('packetreceive', () => packets.ack('pubrec', { isMqtt5, messageId, reasonCode: 0 }));
    this.show('packetsend', () => ({ cmd: 'pubrel', qos: 2, messageId }));
    this.show('packetreceive', () => packets.ack('pubcomp', last));
  }

  // Of the core's own business: pings, and subscriptions that it makes again.
  traced(type, isSent, messageId, bytes, properties) {
    const { isMqtt5 } = this.core.session;
    this.show(isSent ? 'packetsend' : 'packetreceive',
      () => packets.traced(type, { isMqtt5, messageId, bytes, properties }));
  }

  stored(request) {
    if (request instanceof Publish) request.stored(this.owner);
  }

  restored(what) {
    const { onRestored } = this.options;
    if (onRestored) call(this.owner, onRestored, what);
  }

  // The store cannot be written; that it can again shows in what is stored.
  store(error) {
    if (error !== null) this.emit('error', error);
  }

  overdue() {
    return undefined; // nothing is: MQTT.js's requests wait for ever
  }

  authenticating(reasonCode, properties) {
    const packet = packets.auth(reasonCode, properties);
    this.show('packetreceive', () => packet);
    this.authenticate(packet);
  }
}

module.exports = { Presenter };
