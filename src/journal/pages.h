/* The pages of LMDB's file, as they lie in it: whether LMDB may follow them.
 *
 * LMDB believes what it finds. A number that points behind the end of the
 * file, a node that reaches beyond its page, or a list of free pages that names
 * one in use ends the process or loses records. So the file is read first,
 * without the map, in which a page that is missing would end the process. */
#ifndef MIDGE_JOURNAL_PAGES_H
#define MIDGE_JOURNAL_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "journal/explanation.h"

/* Whether somebody still waits for what is being found out: asked every few
 * pages, on the thread that reads them. */
typedef struct midge_interest {
  bool (*lasts)(void *context);
  void *context;
} midge_interest;

typedef enum midge_soundness {
  MIDGE_PAGES_SOUND,
  MIDGE_PAGES_SHORT,   /* the file ends before pages that hold something */
  MIDGE_PAGES_DAMAGED, /* a page is not what it is to be */
} midge_soundness;

/* Looks at the newest transaction in the file `name`: the pages that say what
 * is where, and which are free; with `records` also at those of the records and
 * of what was set aside, of which there may be many. The payloads themselves
 * have their checksums. A page that one transaction takes and gives back is
 * free, and never written: the file may well end before it. A file that is
 * empty, or of another kind, is sound: LMDB makes of it what it does.
 * Nobody writes to it meanwhile. Returns 0, ECANCELED if `interest` (null: to
 * the end) did not last, or an error of the system: the file cannot be read, or
 * there is no memory. */
int midge_pages_check(const char *name, bool records,
                      const midge_interest *interest,
                      midge_soundness *soundness);

/* MIDGE_OK if it is sound; else MIDGE_ESTORE, and what to do is said of the
 * store in the directory `path`. */
midge_status midge_pages_refuse(midge_soundness soundness, const char *path,
                                midge_explanation *why);

#endif
