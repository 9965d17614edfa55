'use strict';
// Publishes of QoS 0 leave many at a time: they are written as records into
// memory that the addon shares (addon/outgoing.h), and it takes them all before
// whatever else it is asked, at the end of a turn, and when there is no room
// for more. One message alone goes at once: only what the same client
// publishes behind it in this turn is written here.
const clock = require('./clock');
const native = require('./native');

const RECORDS_SIZE = 65536; // MIDGE_BUNDLE_SIZE_MAX
const HEAD_SIZE = 3; // of a record
const TOPIC_AT = 5; // in one that has a topic of its own
const RETAIN = 1;
const SAME_TOPIC = 2;
const PAYLOAD_MAX = 4096; // larger ones are not worth a copy more
const TOPIC_MAX = 512; // characters
const TOPICS_MAX = 4096;
// A topic of what can be printed of ASCII, without the wildcards, is always taken:
// it need not be known.
const PLAIN = /^[ -"$-*,-~]{1,512}$/;
const SHORT_MAX = 32; // characters that a loop writes sooner than two calls into Node
const UTF8_MAX = 3; // bytes for a unit of a string

// What a view has, and not what its own length says: past its end would be what
// others have published.
const lengthOf = Function.prototype.call.bind(Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype), 'length').get);

// The words that the addon shares.
const COUNT = 0;
const INDEX = 1;
const TOKEN_LOW = 2;
const TOKEN_HIGH = 3;
const SIZE = 4;
const ROOM_MESSAGES = 5;
const ROOM_BYTES = 6;
const WORDS = 7;

const PATIENT = 1 << 31; // of a token's high half: nobody waits for it

const records = Buffer.allocUnsafeSlow(RECORDS_SIZE);
const words = new Uint32Array(WORDS);

// By whether control characters may be in them: topics that are not plain, which
// the addon has taken, and their bytes.
const topics = [new Map(), new Map()];

// By unit of a string: 1 for those that a plain topic is made of.
const isPlainUnit = new Uint8Array(0x10000);
for (let unit = 0; unit < 0x80; unit++) {
  isPlainUnit[unit] = Number(PLAIN.test(String.fromCharCode(unit)));
}

let current = null; // the session whose messages are written, or that began
let next = 0; // the message id that the next record has
let cost = 0; // of the records, in bytes of the queue
let topic; // of the last record
let topicSize = 0; // in bytes; of no meaning while nothing is written
let isDelivering = false; // events, whose end is also the end of this turn
let isEnding = false; // the end of this turn is on its way
let isFollowed = false; // what the addon has taken may wait for that

function end() {
  isEnding = false;
  current = null;
  if (words[COUNT] === 0 && !isFollowed) return;
  isFollowed = false;
  native.flush();
}

// Those that follow in this turn may be written. The addon has taken `text`, with
// a payload that may wait for those if it was told of them.
function begin(session, text, isLenient, isTold) {
  current = session;
  isFollowed ||= isTold;
  topic = undefined;
  const known = topics[Number(isLenient)];
  if (text.length <= TOPIC_MAX && !PLAIN.test(text) && !known.has(text)) {
    if (known.size === TOPICS_MAX) known.clear();
    known.set(text, Buffer.from(text));
  }
  if (isDelivering || isEnding) return;
  isEnding = true;
  clock.nextTick(end);
}

// Nothing is written yet, or what was is gone.
function renew(session, id) {
  native.room(session.index);
  words[INDEX] = session.index;
  words[TOKEN_LOW] = id >>> 0;
  words[TOKEN_HIGH] = id / 0x100000000 | PATIENT;
  words[SIZE] = 0;
  next = id;
  cost = 0;
  topic = undefined;
}

// The hottest loop there is where each message has a topic of its own: it checks
// and writes at once. 0: it is not plain.
function writeShort(at, text) {
  const size = text.length;
  let isPlain = 1;
  for (let i = 0; i < size; i++) {
    const unit = text.charCodeAt(i);
    isPlain &= isPlainUnit[unit];
    records[at + i] = unit;
  }
  return size * isPlain;
}

// Returns its bytes, or 0: it is none that is known to be good.
function writeTopic(at, text, isLenient) {
  const size = text.length <= SHORT_MAX ? writeShort(at, text) : 0;
  if (size > 0) return size;
  if (PLAIN.test(text)) return records.latin1Write(text, at);
  const bytes = topics[Number(isLenient)].get(text);
  if (bytes === undefined) return 0;
  records.set(bytes, at);
  return bytes.length;
}

function writeHead(at, isRetained, isSame, bytes, size) {
  records[at] = (isRetained ? RETAIN : 0) | (isSame ? SAME_TOPIC : 0);
  records[at + 1] = size;
  records[at + 2] = size >> 8;
  if (isSame) return;
  records[at + 3] = bytes;
  records[at + 4] = bytes >> 8;
}

// `sizeMax` is what it has at most, and of bytes what it has.
function writePayload(at, content, most) {
  if (typeof content === 'string') return records.write(content, at);
  if (most > 0) records.set(content, at); // no memory is behind a view that was detached
  return most;
}

function sizeMax(content) {
  if (content === undefined) return 0;
  return typeof content === 'string' ? content.length * UTF8_MAX : lengthOf(content);
}

// False: it must go by itself, or cannot at all.
function add(session, id, isRetained, text, content, isLenient) {
  if (session !== current || text.length > TOPIC_MAX) return false;
  const most = sizeMax(content);
  if (most > PAYLOAD_MAX) return false;
  if (words[COUNT] === 0 || id !== next ||
      words[SIZE] + TOPIC_AT + text.length * UTF8_MAX + most > RECORDS_SIZE) {
    renew(session, id);
  }
  if (words[COUNT] >= words[ROOM_MESSAGES]) return false;
  const start = words[SIZE];
  const isSame = text === topic;
  const bytes = isSame ? topicSize : writeTopic(start + TOPIC_AT, text, isLenient);
  if (bytes === 0) return false;
  const at = start + (isSame ? HEAD_SIZE : TOPIC_AT + bytes);
  const size = writePayload(at, content, most);
  if (cost + bytes + size > words[ROOM_BYTES]) return false;
  writeHead(start, isRetained, isSame, bytes, size);
  words[SIZE] = at + size;
  words[COUNT] += 1;
  cost += bytes + size;
  topic = text;
  topicSize = bytes;
  next = id + 1;
  return true;
}

// Somebody waits for what was added last.
function urge() {
  words[TOKEN_HIGH] &= ~PATIENT;
}

// While events are delivered, the end of that is the end of a turn.
function delivering(on) {
  isDelivering = on;
  if (!on) end();
}

// Bytes that are never written here: the addon copies them once.
function isLarge(content) {
  return typeof content !== 'string' && content !== undefined &&
    lengthOf(content) > PAYLOAD_MAX;
}

module.exports = { records, words, isLarge, begin, add, urge, delivering };
