#include "reactor/mutex.h"

#include <pthread.h>

/* Where there is no such kind, an ordinary one does. */
int midge_mutex_init(uv_mutex_t *mutex) {
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
  pthread_mutexattr_t kind;
  int error = pthread_mutexattr_init(&kind);
  if (error != 0) return -error;
  error = pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP);
  if (error == 0) error = pthread_mutex_init(mutex, &kind);
  pthread_mutexattr_destroy(&kind);
  return -error;
#else
  return uv_mutex_init(mutex);
#endif
}
