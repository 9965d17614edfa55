/* Plays the transcripts of this folder, or of the Markdown files named.
 *
 *     transcript_transcripts connect.md publishing.md ...
 *     transcript_transcripts --only "Keep alive"     what matches alone */
#include "transcript/book.h"
#include "transcript/transcript.h"

int main(int argc, char **argv) {
  return book_main(argc, argv, transcript_play);
}
