#include "reactor/mailbox.h"

#include <assert.h>

/* Wishes up to COPY_MAX are copied under the lock, larger ones before it. */
enum { PARCEL_ROOM = 64 * 1024, COPY_MAX = 8 * 1024, SPARE_MAX = 32 };

static const size_t bytes_max = (size_t)1 << 30;

int midge_mailbox_init(midge_mailbox *mailbox,
                       const midge_allocator *allocator) {
  *mailbox = (midge_mailbox){.allocator = allocator};
  return uv_mutex_init(&mailbox->mutex);
}

static midge_parcel *new_parcel(const midge_allocator *allocator, size_t room) {
  midge_parcel *parcel = midge_allocate(allocator, sizeof *parcel + room);
  if (parcel == NULL) return NULL;
  *parcel = (midge_parcel){.data = (uint8_t *)(parcel + 1), .room = room};
  return parcel;
}

midge_wish *midge_parcel_next(midge_parcel *parcel) {
  if (parcel->taken >= parcel->used) return NULL;
  midge_wish *wish = (midge_wish *)(void *)(parcel->data + parcel->taken);
  parcel->taken += wish->size;
  return wish;
}

const midge_wish *midge_parcel_first(const midge_parcel *parcel) {
  return (const midge_wish *)(const void *)(parcel->data + parcel->taken);
}

static void free_parcels(const midge_allocator *allocator,
                         midge_parcel *parcel) {
  while (parcel != NULL) {
    midge_parcel *next = parcel->next;
    const midge_wish *wish;
    while ((wish = midge_parcel_next(parcel)) != NULL) midge_wish_release(wish);
    if (parcel->room != 0)
      midge_free(allocator, parcel, sizeof *parcel + parcel->room);
    parcel = next;
  }
}

void midge_mailbox_free(midge_mailbox *mailbox) {
  free_parcels(mailbox->allocator, mailbox->first);
  free_parcels(mailbox->allocator, mailbox->spare);
  uv_mutex_destroy(&mailbox->mutex);
}

static void append(midge_mailbox *mailbox, midge_parcel *parcel) {
  parcel->next = NULL;
  if (mailbox->last != NULL)
    mailbox->last->next = parcel;
  else
    mailbox->first = parcel;
  mailbox->last = parcel;
}

/* The place for a wish behind those that wait. */
static uint8_t *find_room(midge_mailbox *mailbox, size_t size) {
  midge_parcel *last = mailbox->last;
  if (last == NULL || last->room < last->used + size) {
    last = mailbox->spare;
    if (last != NULL) {
      mailbox->spare = last->next;
      mailbox->spare_count--;
    } else if ((last = new_parcel(mailbox->allocator, PARCEL_ROOM)) == NULL) {
      return NULL;
    }
    append(mailbox, last);
  }
  uint8_t *place = last->data + last->used;
  last->used += size;
  return place;
}

static bool wake_up(midge_mailbox *mailbox) {
  bool was_asleep = mailbox->asleep;
  mailbox->asleep = false;
  return was_asleep;
}

static midge_status put_small(midge_mailbox *mailbox, const midge_wish *wish,
                              size_t size, bool *ring) {
  midge_status status = MIDGE_EQUEUE;
  size_t weight = size + midge_wish_held(wish);
  uv_mutex_lock(&mailbox->mutex);
  if (mailbox->bytes + weight > bytes_max) goto Exit;

  status = MIDGE_ENOMEM;
  uint8_t *place = find_room(mailbox, size);
  if (place == NULL) goto Exit;

  midge_wish_copy((midge_wish *)(void *)place, wish);
  mailbox->bytes += weight;
  *ring = wake_up(mailbox);
  status = MIDGE_OK;
Exit:
  uv_mutex_unlock(&mailbox->mutex);
  return status;
}

static midge_status put_large(midge_mailbox *mailbox, const midge_wish *wish,
                              size_t size, bool *ring) {
  midge_parcel *parcel = new_parcel(mailbox->allocator, size);
  if (parcel == NULL) return MIDGE_ENOMEM;
  midge_wish_copy((midge_wish *)(void *)parcel->data, wish);
  parcel->used = size;

  uv_mutex_lock(&mailbox->mutex);
  bool fits = mailbox->bytes + size <= bytes_max;
  if (fits) {
    append(mailbox, parcel);
    mailbox->bytes += size;
    *ring = wake_up(mailbox);
  }
  uv_mutex_unlock(&mailbox->mutex);

  if (fits) return MIDGE_OK;
  free_parcels(mailbox->allocator, parcel);
  return MIDGE_EQUEUE;
}

midge_status midge_mailbox_put(midge_mailbox *mailbox, const midge_wish *wish,
                               bool *ring) {
  *ring = false;
  size_t size = midge_wish_size(wish);
  if (size > COPY_MAX) return put_large(mailbox, wish, size, ring);
  return put_small(mailbox, wish, size, ring);
}

void midge_mailbox_put_lent(midge_mailbox *mailbox, midge_parcel *parcel,
                            const midge_wish *wish, bool *ring) {
  assert(parcel->room == 0);
  midge_wish_copy((midge_wish *)(void *)parcel->data, wish);
  parcel->used = midge_wish_size(wish);

  uv_mutex_lock(&mailbox->mutex);
  append(mailbox, parcel);
  *ring = wake_up(mailbox);
  uv_mutex_unlock(&mailbox->mutex);
}

midge_parcel *midge_mailbox_take(midge_mailbox *mailbox) {
  uv_mutex_lock(&mailbox->mutex);
  midge_parcel *all = mailbox->first;
  mailbox->first = mailbox->last = NULL;
  mailbox->bytes = 0;
  mailbox->asleep = false;
  uv_mutex_unlock(&mailbox->mutex);
  return all;
}

void midge_mailbox_give_back(midge_mailbox *mailbox, midge_parcel *parcel) {
  parcel->next = NULL;
  if (parcel->room == PARCEL_ROOM) {
    uv_mutex_lock(&mailbox->mutex);
    if (mailbox->spare_count < SPARE_MAX) {
      parcel->used = parcel->taken = 0;
      parcel->next = mailbox->spare;
      mailbox->spare = parcel;
      mailbox->spare_count++;
      parcel = NULL;
    }
    uv_mutex_unlock(&mailbox->mutex);
  }
  free_parcels(mailbox->allocator, parcel);
}

bool midge_mailbox_sleep(midge_mailbox *mailbox) {
  uv_mutex_lock(&mailbox->mutex);
  bool empty = mailbox->first == NULL;
  mailbox->asleep = empty;
  uv_mutex_unlock(&mailbox->mutex);
  return empty;
}

bool midge_mailbox_is_empty(midge_mailbox *mailbox) {
  uv_mutex_lock(&mailbox->mutex);
  bool is_empty = mailbox->first == NULL;
  uv_mutex_unlock(&mailbox->mutex);
  return is_empty;
}
