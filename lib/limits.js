'use strict';
// The time limits of a request: `ttl`, `timeout` and `signal`, which may stand
// beside its other settings; and what becomes of a publish, `coalesce`.
const { errors, invalidType } = require('./errors');

const UINT32_MAX = 0xffffffff;
const names = ['ttl', 'timeout', 'signal'];
const publishNames = [...names, 'coalesce'];

// NaN when no limit can be so long.
function milliseconds(path, value) {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number') throw invalidType(path, 'number', value);
  return value >= 0 && value <= UINT32_MAX ? Math.ceil(value) : NaN;
}

function abortSignal(path, value) {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || typeof value.aborted !== 'boolean' ||
      typeof value.addEventListener !== 'function') {
    throw invalidType(path, 'an instance of AbortSignal', value);
  }
  return value;
}

// [limits, the other settings]; there are no limits unless one is given, and
// an error code stands in their place when one cannot be.
function split(path, given) {
  return divide(path, given, names);
}

// The same for a publish.
function splitPublish(path, given) {
  const [limits, others] = divide(path, given, publishNames);
  if (typeof limits !== 'object' || others.coalesce == null) return [limits, others];
  const { coalesce, ...rest } = others;
  if (typeof coalesce !== 'boolean') throw invalidType(`${path}.coalesce`, 'boolean', coalesce);
  return [{ ...limits, coalesce }, rest];
}

function divide(path, given, known) {
  if (typeof given !== 'object' || given === null ||
      !known.some((name) => name in given)) {
    return [undefined, given];
  }
  const { ttl, timeout, signal, ...others } = given;
  const limits = {
    ttl: milliseconds(`${path}.ttl`, ttl),
    timeout: milliseconds(`${path}.timeout`, timeout),
    signal: abortSignal(`${path}.signal`, signal),
  };
  const isPossible = !Number.isNaN(limits.ttl) && !Number.isNaN(limits.timeout);
  return [isPossible ? limits : errors.EINVAL, others];
}

module.exports = { split, splitPublish };
