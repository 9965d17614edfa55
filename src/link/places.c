#include "link/places.h"

midge_status midge_places_init(midge_places *places,
                               const midge_allocator *allocator,
                               midge_slice first, const midge_slice *others,
                               size_t count, char *text, size_t text_size) {
  places->allocator = allocator;
  places->list =
      midge_allocate_zero(allocator, (count + 1) * sizeof(midge_url));
  if (places->list == NULL) return MIDGE_ENOMEM;
  places->count = count + 1;
  for (size_t i = 0; i <= count; i++) {
    midge_slice source = i == 0 ? first : others[i - 1];
    midge_status status = midge_url_parse(&places->list[i], allocator, source,
                                          MIDGE_URL_SERVER, text, text_size);
    if (status != MIDGE_OK) return status;
  }
  return MIDGE_OK;
}

void midge_places_free(midge_places *places) {
  for (size_t i = 0; i < places->count; i++) midge_url_free(&places->list[i]);
  midge_free(places->allocator, places->list,
             places->count * sizeof *places->list);
  midge_redirect_free(&places->redirect);
  *places = (midge_places){0};
}

void midge_places_replace(midge_places *places, midge_url url) {
  midge_redirect_free(&places->redirect);
  midge_url_free(&places->list[places->at]);
  places->list[places->at] = url;
}

void midge_places_accepted(midge_places *places) {
  places->tried = 0;
}

void midge_places_settled(midge_places *places) {
  midge_redirect_settled(&places->redirect);
}

void midge_places_begin(midge_places *places) {
  midge_redirect_return(&places->redirect, &places->list[places->at]);
  places->tried = 0;
}

bool midge_places_follow(midge_places *places, const midge_event *closed) {
  return midge_redirect_follow(&places->redirect, &places->list[places->at],
                               closed);
}

bool midge_places_next(midge_places *places, bool accepted) {
  midge_redirect_return(&places->redirect, &places->list[places->at]);
  if (accepted) return false;
  places->at = (places->at + 1) % places->count;
  places->tried = (places->tried + 1) % places->count;
  return places->tried != 0;
}

const midge_url *midge_places_current(const midge_places *places) {
  return &places->list[places->at];
}

bool midge_places_need_tls(const midge_places *places) {
  for (size_t i = 0; i < places->count; i++)
    if (midge_url_has_tls(&places->list[i])) return true;
  return false;
}
