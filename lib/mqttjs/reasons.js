'use strict';
// Reason codes and errors under the names that MQTT.js gives them.

// Return codes of CONNACK before MQTT 5, and reason codes.
const ReasonCodes = {
  0: '',
  1: 'Unacceptable protocol version',
  2: 'Identifier rejected',
  3: 'Server unavailable',
  4: 'Bad username or password',
  5: 'Not authorized',
  16: 'No matching subscribers',
  17: 'No subscription existed',
  128: 'Unspecified error',
  129: 'Malformed Packet',
  130: 'Protocol Error',
  131: 'Implementation specific error',
  132: 'Unsupported Protocol Version',
  133: 'Client Identifier not valid',
  134: 'Bad User Name or Password',
  135: 'Not authorized',
  136: 'Server unavailable',
  137: 'Server busy',
  138: 'Banned',
  139: 'Server shutting down',
  140: 'Bad authentication method',
  141: 'Keep Alive timeout',
  142: 'Session taken over',
  143: 'Topic Filter invalid',
  144: 'Topic Name invalid',
  145: 'Packet identifier in use',
  146: 'Packet Identifier not found',
  147: 'Receive Maximum exceeded',
  148: 'Topic Alias invalid',
  149: 'Packet too large',
  150: 'Message rate too high',
  151: 'Quota exceeded',
  152: 'Administrative action',
  153: 'Payload format invalid',
  154: 'Retain not supported',
  155: 'QoS not supported',
  156: 'Use another server',
  157: 'Server moved',
  158: 'Shared Subscriptions not supported',
  159: 'Connection rate exceeded',
  160: 'Maximum connect time',
  161: 'Subscription Identifiers not supported',
  162: 'Wildcard Subscriptions not supported',
};

// `code` is the reason code, or the return code of a CONNACK before MQTT 5.
class ErrorWithReasonCode extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }

  get reasonCode() {
    return this.code;
  }
}

// `packet` is the SUBACK; `code` is the first reason in it that refuses.
class ErrorWithSubackPacket extends Error {
  constructor(message, packet) {
    super(message);
    this.packet = packet;
    const refusal = packet?.granted?.find((reason) => reason >= 128);
    if (refusal !== undefined) this.code = refusal;
  }

  get reasonCode() {
    return this.code;
  }
}

// Programs match them, and logs begin with them; nobody sees them among an error's own fields.
for (const Kind of [ErrorWithReasonCode, ErrorWithSubackPacket]) {
  Object.defineProperty(Kind.prototype, 'name',
    { value: Kind.name, writable: true, configurable: true });
}

function reasonText(code) {
  return ReasonCodes[code] ?? `reason ${code}`;
}

module.exports = { ReasonCodes, ErrorWithReasonCode, ErrorWithSubackPacket, reasonText };
