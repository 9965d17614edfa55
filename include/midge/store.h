/* midge/store.h - what a store holds, for those who look at it from outside.
 *
 * A store (docs/durability.md) belongs to one client. These functions are for
 * the people around it: what waits, how much, is it sound.
 *
 *     _reader_open, _next   every message, in the order of sending    reads
 *     _check                counts, damage, who has it, what room     reads
 *     _discard              one message, for good                     writes
 *
 * Those that read never write, keep no lock, and never wait for the client that
 * has the store open, nor it for them; it may be on a file system that cannot
 * be written. Each record is shown whole, as it was at one moment, and none
 * twice; but the next one may be of a later moment, so that of what a client
 * puts in and takes out meanwhile some is shown and some is not. Discarding
 * needs the store for itself.
 *
 * Any thread, one at a time for a reader. `text` gets a sentence for people,
 * cut to size, and empty when the status says it all. */
#ifndef MIDGE_STORE_H
#define MIDGE_STORE_H

#include "midge/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum midge_stored_kind {
  MIDGE_STORED_WAITING,  /* to be sent */
  MIDGE_STORED_SENT,     /* perhaps: it has a packet identifier */
  MIDGE_STORED_RELEASED, /* of QoS 2: the server has it */
  MIDGE_STORED_RECEIVED, /* from the server, and not yet dealt with */
  MIDGE_STORED_DAMAGED,  /* it is never sent */
} midge_stored_kind;

enum { MIDGE_STORED_KINDS = MIDGE_STORED_DAMAGED + 1 };

/* "waiting", "sent", "released", "received", "damaged". Static. */
MIDGE_API const char *midge_stored_name(midge_stored_kind kind);

/* A message of a store. Slices are on loan until the next one is asked for. */
typedef struct midge_stored {
  midge_stored_kind kind;
  uint64_t key;
  uint16_t packet_id; /* 0: none */
  /* Of one that is damaged all is zero but the payload, which is what is left
   * of the record. `properties` of this are empty: */
  midge_publish publish;
  midge_slice properties; /* as wire bytes: midge_property_next */
} midge_stored;

typedef struct midge_store_reader midge_store_reader;

/* MIDGE_EINVAL: no path; MIDGE_EFOREIGN: there is no store, or none that this
 * version reads; MIDGE_ESTORE: its tables are damaged, or it cannot be read;
 * MIDGE_ELOCKED: its client writes faster than it can be read; MIDGE_ENOMEM. */
MIDGE_API MIDGE_CHECKED midge_status
midge_store_reader_open(midge_store_reader **reader, midge_slice path,
                        char *text, size_t text_size);
/* Null is fine. */
MIDGE_API void midge_store_reader_close(midge_store_reader *reader);

/* Those to be sent, in their order; those that were received; damaged ones.
 * False: there are no more, or _end says why not. */
MIDGE_API bool midge_store_reader_next(midge_store_reader *reader,
                                       midge_stored *stored);
/* Why there are no more: MIDGE_OK: that was all; or as of _open. */
MIDGE_API midge_status midge_store_reader_end(const midge_store_reader *reader,
                                              char *text, size_t text_size);

typedef struct midge_store_report {
  struct {
    uint64_t messages, bytes; /* of topics, properties and payloads */
  } kinds[MIDGE_STORED_KINDS];
  uint64_t noticed; /* of the damaged ones, those that no client has yet set
                       aside: the next one will */
  bool has_session;
  bool is_locked;      /* a client has it open */
  uint32_t locked_by;  /* the process, as it wrote it down; 0: unknown */
  uint64_t bytes_used; /* of the file: by what is in it */
  uint64_t bytes;      /* the file itself, which never shrinks */
  uint64_t bytes_free; /* on its file system, for this user; 0:
                          perhaps unknown */
} midge_store_report;

/* Reads all of it, and checks each record, and all that a client looks at
 * before it opens a store: what it would refuse as damaged is MIDGE_ESTORE
 * here. As _reader_open; damaged records are no error, but counted. The client
 * that opens the store in the instant in which this looks at the lock is
 * refused with MIDGE_ELOCKED. */
MIDGE_API MIDGE_CHECKED midge_status midge_store_check(
    midge_slice path, midge_store_report *report, char *text, size_t text_size);

/* Take one message out, or one that is damaged: it is neither sent nor told of
 * any more. MIDGE_EINVAL: there is none with this key, or it is one of QoS 2
 * that is under way: its identifier would be taken for another message's;
 * MIDGE_ELOCKED: a client has the store open; else as _reader_open, and
 * MIDGE_EREADONLY, MIDGE_EFULL. */
MIDGE_API MIDGE_CHECKED midge_status midge_store_discard(midge_slice path,
                                                         uint64_t key,
                                                         char *text,
                                                         size_t text_size);

#ifdef __cplusplus
}
#endif

#endif
