/* What the journal is linked with. */
#ifndef MIDGE_JOURNAL_VERSIONS_H
#define MIDGE_JOURNAL_VERSIONS_H

/* Static text: "0.9.24", "1.2.13". */
const char *midge_journal_lmdb(void);
const char *midge_journal_zlib(void);

#endif
