'use strict';
// Publishes of QoS 0 leave many at a time: they are written as records into
// memory that the addon shares (addon/outgoing.h), and it takes them all before
// whatever else it is asked, at the end of a turn, and when there is no room
// for more. One message alone goes at once: only what the same client
// publishes behind it in this turn is written here.
const native = require('./native');

const RECORDS_SIZE = 65536; // MIDGE_BUNDLE_SIZE_MAX
const HEAD_SIZE = 3; // of a record
const RETAIN = 1;
const SAME_TOPIC = 2;
const PAYLOAD_MAX = 4096; // larger ones are not worth a copy more
const TOPIC_MAX = 512; // characters
const TOPICS_MAX = 4096;
// A topic of what can be printed of ASCII, without the wildcards, is always taken:
// it need not be known.
const PLAIN = /^[ -"$-*,-~]{1,512}$/;
const UTF8_MAX = 3; // bytes for a unit of a string

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

let current = null; // the session whose messages are written, or that began
let next = 0; // the message id that the next record has
let cost = 0; // of the records, in bytes of the queue
let topic; // of the last record
let topicBytes; // its bytes; of no meaning while nothing is written
let topicSize = 0;
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
  process.nextTick(end);
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

function findTopic(text, isLenient) {
  if (text === topic) return true;
  const isPlain = PLAIN.test(text);
  const bytes = isPlain ? undefined : topics[Number(isLenient)].get(text);
  if (!isPlain && bytes === undefined) return false;
  topicBytes = bytes;
  topicSize = isPlain ? text.length : bytes.length;
  return true;
}

function writeHead(at, isRetained, isSame, text) {
  records[at] = (isRetained ? RETAIN : 0) | (isSame ? SAME_TOPIC : 0);
  if (isSame) return at + HEAD_SIZE;
  records[at + 3] = topicSize;
  records[at + 4] = topicSize >> 8;
  if (topicBytes === undefined) records.latin1Write(text, at + 5);
  else records.set(topicBytes, at + 5);
  return at + 5 + topicSize;
}

function writePayload(at, content) {
  if (content === undefined) return 0;
  if (typeof content === 'string') return records.write(content, at);
  records.set(content, at);
  return content.length;
}

function sizeMax(content) {
  if (content === undefined) return 0;
  return typeof content === 'string' ? content.length * UTF8_MAX : content.length;
}

// False: it must go by itself, or cannot at all.
function add(session, id, isRetained, text, content, isLenient) {
  if (session !== current) return false;
  const most = sizeMax(content);
  if (most > PAYLOAD_MAX) return false;
  if (!findTopic(text, isLenient)) return false;
  if (words[COUNT] === 0 || id !== next ||
      words[SIZE] + HEAD_SIZE + 2 + topicSize + most > RECORDS_SIZE) {
    renew(session, id);
  }
  if (words[COUNT] >= words[ROOM_MESSAGES]) return false;
  const start = words[SIZE];
  const at = writeHead(start, isRetained, text === topic, text);
  const size = writePayload(at, content);
  if (cost + topicSize + size > words[ROOM_BYTES]) return false;
  records[start + 1] = size;
  records[start + 2] = size >> 8;
  words[SIZE] = at + size;
  words[COUNT] += 1;
  cost += topicSize + size;
  topic = text;
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
  return typeof content !== 'string' && content !== undefined && content.length > PAYLOAD_MAX;
}

module.exports = { records, words, isLarge, begin, add, urge, delivering };
