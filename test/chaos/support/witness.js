'use strict';
// What a broker sends, as the proxy sees it. mosquitto 2.0.11 sends a PUBLISH of
// QoS 2 again after its PUBREL when a connection breaks as it resends that: its
// client is done with the message, and has to take it for a new one.
const packets = require('mqtt-packet');

class Witness {
  constructor(ledger) {
    Object.assign(this, { ledger, released: new Map() }); // client -> identifiers
  }

  // Both ways of a connection of the proxy, from its first byte.
  watch({ client, server }) {
    let ids;
    this.#parse(client, ({ cmd, clientId }) => {
      if (cmd !== 'connect') return;
      if (!this.released.has(clientId)) this.released.set(clientId, new Set());
      ids = this.released.get(clientId);
    });
    this.#parse(server, (packet) => {
      if (packet.cmd === 'pubrel') ids.add(packet.messageId);
      else if (packet.cmd === 'publish' && packet.qos === 2) this.#see(ids, packet);
    });
  }

  #see(ids, { messageId, dup, payload }) {
    if (!dup) ids.delete(messageId);
    else if (ids.has(messageId)) this.ledger.sentAfterRelease(`${payload}`);
  }

  #parse(socket, take) {
    const parser = packets.parser({ protocolVersion: 5 });
    parser.on('packet', take).on('error', () => {});
    socket.on('data', (bytes) => parser.parse(bytes));
  }
}

module.exports = { Witness };
