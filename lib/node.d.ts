// What the types take of Node's own, from @types/node, or where that is not installed as much of
// it as programs need of what midge gives them. What is ignored is what is missing then.
// @ts-ignore
/// <reference types="node" />
// @ts-ignore
import type * as events from 'node:events';
// @ts-ignore
import type * as stream from 'node:stream';

type HasNode = typeof globalThis extends { Buffer: { alloc(size: number): any } } ? true : false;
type Listener = (...args: any[]) => void;

interface PlainBuffer extends Uint8Array {
  toString(encoding?: string, start?: number, end?: number): string;
  toJSON(): { type: 'Buffer'; data: number[] };
  equals(other: Uint8Array): boolean;
}

declare class PlainEmitter {
  on(event: string | symbol, listener: Listener): this;
  once(event: string | symbol, listener: Listener): this;
  off(event: string | symbol, listener: Listener): this;
  addListener(event: string | symbol, listener: Listener): this;
  removeListener(event: string | symbol, listener: Listener): this;
  prependListener(event: string | symbol, listener: Listener): this;
  prependOnceListener(event: string | symbol, listener: Listener): this;
  removeAllListeners(event?: string | symbol): this;
  emit(event: string | symbol, ...args: any[]): boolean;
  listeners(event: string | symbol): Function[];
  rawListeners(event: string | symbol): Function[];
  listenerCount(event: string | symbol): number;
  eventNames(): (string | symbol)[];
  getMaxListeners(): number;
  setMaxListeners(count: number): this;
}

interface PlainSignal {
  readonly aborted: boolean;
  readonly reason?: any;
  addEventListener(type: 'abort', listener: (event: any) => void, options?: any): void;
  removeEventListener(type: 'abort', listener: (event: any) => void, options?: any): void;
}

// @ts-ignore
export type Buffer = HasNode extends true ? globalThis.Buffer : PlainBuffer;
export type BufferEncoding = 'ascii' | 'utf8' | 'utf-8' | 'utf16le' | 'utf-16le' | 'ucs2' |
  'ucs-2' | 'base64' | 'base64url' | 'latin1' | 'binary' | 'hex';
export type AbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } } ?
  Signal : PlainSignal;
export const EventEmitter: HasNode extends true ? typeof events.EventEmitter : typeof PlainEmitter;
export type EventEmitter = InstanceType<typeof EventEmitter>;
export type Duplex = HasNode extends true ? stream.Duplex : any;
export type Readable = HasNode extends true ? stream.Readable : any;
