/* The directory that a store lies in: made if it is not there, and locked for
 * one client at a time, which LMDB itself does not do. */
#ifndef MIDGE_JOURNAL_PLACE_H
#define MIDGE_JOURNAL_PLACE_H

#include "journal/explanation.h"

typedef struct midge_place_of_store {
  char *path;      /* of the directory */
  char *data;      /* of LMDB's file in it */
  char *fresh;     /* of the same before it is one: see environment.c */
  char *lock_name; /* of the file that the lock is on */
  int lock;        /* the descriptor that holds the lock, or -1 */
} midge_place_of_store;

/* Its names alone: nothing is opened or made. As _open. */
MIDGE_CHECKED midge_status midge_place_name(midge_place_of_store *place,
                                            midge_slice path,
                                            midge_explanation *why);
/* `forced`: on a network file system too. MIDGE_EFOREIGN (something else is
 * there), MIDGE_ELOCKED, MIDGE_EREADONLY, MIDGE_ENETWORK, MIDGE_ESTORE,
 * MIDGE_ENOMEM. What was opened is closed by _close, also after an error. */
MIDGE_CHECKED midge_status midge_place_open(midge_place_of_store *place,
                                            midge_slice path, bool forced,
                                            midge_explanation *why);
void midge_place_close(midge_place_of_store *place);
/* Whether a client has it open, and the process, or 0 if that is not known. */
bool midge_place_is_locked(const midge_place_of_store *place, long *process);
/* The directory itself, so that a store that was just made is there after a
 * power cut. */
MIDGE_CHECKED midge_status midge_place_sync(const midge_place_of_store *place,
                                            midge_explanation *why);

/* Whether the number that statfs gives a file system is a network's. */
bool midge_place_is_remote(unsigned long type);

#endif
