/* Every property in every packet that a server sends: valid, twice, cut at
 * each byte, out of range, and where it does not belong. These are the hostile
 * cases 33, 34 and 35 in full. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

/* A packet up to its properties, and behind them. */
typedef struct frame {
  midge_packet_type type;
  uint8_t first; /* byte of the fixed header */
  uint8_t head[4], tail[1];
  size_t head_size, tail_size;
  const char *wish; /* what makes a valid one legal, and its packet */
  const char *good; /* what comes out after a valid one */
} frame;

#define OPTIONS                                              \
  "option client_id=\"a\" session_expiry_s=600 alias_max=5 " \
  "authentication_method=\"m\"\n"
#define OPEN               \
  "connected\n> CONNECT\n" \
  "< CONNACK authentication_method=\"m\"\n= opened\n"

static const frame frames[] = {
    {MIDGE_CONNACK, 0x20, {0, 0}, {0}, 2, 0, NULL, "= opened\n"},
    {MIDGE_PUBLISH, 0x30, {0, 1, 't'}, {0}, 3, 0, "", "= message\n"},
    {MIDGE_PUBACK,
     0x40,
     {0, 1, 0},
     {0},
     3,
     0,
     "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n",
     "= done token=1 status=OK\n"},
    {MIDGE_PUBREC,
     0x50,
     {0, 1, 0},
     {0},
     3,
     0,
     "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n",
     "> PUBREL id=1\n"},
    {MIDGE_PUBREL, 0x62, {0, 1, 0}, {0}, 3, 0, "", "> PUBCOMP id=1\n"},
    {MIDGE_PUBCOMP,
     0x70,
     {0, 1, 0},
     {0},
     3,
     0,
     "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
     "< PUBREC id=1\n> PUBREL id=1\n",
     "= done token=1 status=OK\n"},
    {MIDGE_SUBACK,
     0x90,
     {0, 1},
     {0},
     2,
     1,
     "subscribe token=1 filter=\"f\"\n> SUBSCRIBE id=1\n",
     "= done token=1 status=OK\n"},
    {MIDGE_UNSUBACK,
     0xb0,
     {0, 1},
     {0},
     2,
     1,
     "unsubscribe token=1 filter=\"f\"\n> UNSUBSCRIBE id=1\n",
     "= done token=1 status=OK\n"},
    {MIDGE_DISCONNECT,
     0xe0,
     {0x89},
     {0},
     1,
     0,
     "",
     "= closed by=server status=SERVER_BUSY\ndisconnected\n"},
    {MIDGE_AUTH,
     0xf0,
     {0x18},
     {0},
     1,
     0,
     "authenticate reason=REAUTHENTICATE\n> AUTH\n",
     "= authenticate\n"},
};

#define FRAMES (sizeof frames / sizeof frames[0])

static const midge_property_id ids[] = {
#define ID(name, id, type, packets, low, high, many, js) MIDGE_##name,
    MIDGE_PROPERTY_MAP(ID)
#undef ID
};

#define IDS (sizeof ids / sizeof ids[0])

/* The method must be in CONNACK and AUTH for them to be valid at all. */
static bool needs_method(const frame *f, midge_property_id id) {
  return (f->type == MIDGE_CONNACK || f->type == MIDGE_AUTH) &&
         id != MIDGE_AUTHENTICATION_METHOD;
}

static void put_method(bytes *to, const frame *f, midge_property_id id) {
  if (needs_method(f, id)) bytes_add(to, "\x15\x00\x01m", 4);
}

static size_t number_size(midge_property_type type) {
  if (type == MIDGE_TYPE_FOUR_BYTES) return 4;
  return type == MIDGE_TYPE_TWO_BYTES ? 2 : 1;
}

/* The property with a good value, or with `number`. */
static void put_property(bytes *to, midge_property_id id,
                         const uint32_t *number) {
  const midge_property_row *row = midge_property_look_up(id);
  uint8_t byte = (uint8_t)id;
  bytes_add(to, &byte, 1);
  if (row->type == MIDGE_TYPE_PAIR) bytes_add(to, "\x00\x01n\x00\x01v", 6);
  if (row->type == MIDGE_TYPE_TEXT || row->type == MIDGE_TYPE_BINARY) {
    bytes_add(to, "\x00\x01m", 3);
  }
  if (row->type > MIDGE_TYPE_VARIABLE) return;
  uint32_t value = number == NULL ? 1 : *number;
  for (size_t i = number_size(row->type); i-- > 0;) {
    byte = (uint8_t)(value >> (8 * i));
    bytes_add(to, &byte, 1);
  }
}

/* The frame around these properties, as "<x 20 ..." */
static char *packet_line(const frame *f, const bytes *properties) {
  size_t size = f->head_size + 1 + properties->size + f->tail_size;
  assert_true(size < 128);
  bytes all = {0};
  bytes_add(&all, (uint8_t[]){f->first, (uint8_t)size}, 2);
  bytes_add(&all, f->head, f->head_size);
  bytes_add(&all, (uint8_t[]){(uint8_t)properties->size}, 1);
  bytes_add(&all, properties->data, properties->size);
  bytes_add(&all, f->tail, f->tail_size);
  char *text = malloc(3 * all.size + 8);
  strcpy(text, "<x");
  for (size_t i = 0; i < all.size; i++) {
    sprintf(text + strlen(text), " %02x", all.data[i]);
  }
  bytes_free(&all);
  return text;
}

static void play_packet(const frame *f, const bytes *properties,
                        const char *outcome) {
  char *packet = packet_line(f, properties);
  if (f->wish == NULL) {
    play_format(OPTIONS "connected\n> CONNECT\n%s\n%s", packet, outcome);
  } else {
    play_format(OPTIONS OPEN "%s%s\n%s", f->wish, packet, outcome);
  }
  free(packet);
}

static void refuse_packet(const frame *f, const bytes *properties,
                          unsigned reason) {
  char outcome[200];
  snprintf(outcome, sizeof outcome,
           "> DISCONNECT reason=%u\n"
           "= closed by=self status=EPROTOCOL reason=%u\ndisconnected\n",
           reason, reason);
  play_packet(f, properties, outcome);
}

static bool is_allowed(const frame *f, midge_property_id id) {
  return (midge_property_look_up(id)->packets >> f->type & 1) != 0;
}

static void properties_where_they_belong_are_taken(void **state) {
  (void)state;
  unsigned played = 0;
  for (size_t i = 0; i < FRAMES; i++) {
    for (size_t j = 0; j < IDS; j++) {
      const frame *f = &frames[i];
      if (!is_allowed(f, ids[j])) continue;
      /* The server's DISCONNECT may not, whatever its value. */
      if (f->type == MIDGE_DISCONNECT &&
          ids[j] == MIDGE_SESSION_EXPIRY_INTERVAL)
        continue;
      bytes properties = {0};
      put_method(&properties, f, ids[j]);
      put_property(&properties, ids[j], NULL);
      const char *good = f->good;
      if (f->type == MIDGE_CONNACK && ids[j] == MIDGE_MAXIMUM_PACKET_SIZE) {
        good = "= closed by=self status=EOVERSIZE\ndisconnected\n";
      }
      play_packet(f, &properties, good);
      bytes_free(&properties);
      played++;
    }
  }
  assert_in_range(played, 40, 60);
}

static void properties_twice(void **state) {
  (void)state;
  for (size_t i = 0; i < FRAMES; i++) {
    for (size_t j = 0; j < IDS; j++) {
      const frame *f = &frames[i];
      bool many = ids[j] == MIDGE_USER_PROPERTY ||
                  ids[j] == MIDGE_SUBSCRIPTION_IDENTIFIER;
      if (!is_allowed(f, ids[j])) continue;
      bytes properties = {0};
      put_method(&properties, f, ids[j]);
      put_property(&properties, ids[j], NULL);
      put_property(&properties, ids[j], NULL);
      if (many) {
        play_packet(f, &properties, f->good);
      } else {
        refuse_packet(f, &properties, 0x82);
      }
      bytes_free(&properties);
    }
  }
}

static void properties_cut_at_each_byte(void **state) {
  (void)state;
  for (size_t i = 0; i < FRAMES; i++) {
    for (size_t j = 0; j < IDS; j++) {
      const frame *f = &frames[i];
      if (!is_allowed(f, ids[j])) continue;
      bytes properties = {0};
      put_method(&properties, f, ids[j]);
      size_t least = properties.size;
      put_property(&properties, ids[j], NULL);
      while (--properties.size > least) refuse_packet(f, &properties, 0x81);
      bytes_free(&properties);
    }
  }
}

/* What is not valid for the packet's type is malformed: MQTT 5, 2.2.2.2. */
static void properties_where_they_do_not_belong(void **state) {
  (void)state;
  for (size_t i = 0; i < FRAMES; i++) {
    const frame *f = &frames[i];
    for (size_t j = 0; j < IDS; j++) {
      if (is_allowed(f, ids[j])) continue;
      bytes properties = {0};
      put_method(&properties, f, ids[j]);
      put_property(&properties, ids[j], NULL);
      refuse_packet(f, &properties, 0x81);
      bytes_free(&properties);
    }
    for (unsigned id = 0; id < 256; id++) {
      if (midge_property_look_up(id) != NULL) continue;
      if (id > 0x2f && id % 16 != 0) continue; /* a sample of the many */
      bytes properties = {0};
      put_method(&properties, f, MIDGE_USER_PROPERTY);
      bytes_add(&properties, (uint8_t[]){(uint8_t)id, 0, 0, 0, 0}, 5);
      refuse_packet(f, &properties, 0x81);
      bytes_free(&properties);
    }
  }
}

static void numbers_out_of_range(void **state) {
  (void)state;
  for (size_t i = 0; i < FRAMES; i++) {
    for (size_t j = 0; j < IDS; j++) {
      const frame *f = &frames[i];
      const midge_property_row *row = midge_property_look_up(ids[j]);
      if (!is_allowed(f, ids[j]) || row->type > MIDGE_TYPE_VARIABLE) continue;
      unsigned reason = ids[j] == MIDGE_TOPIC_ALIAS ? 0x94 : 0x82;
      uint32_t most = row->type <= MIDGE_TYPE_QOS ? 255 : UINT32_MAX;
      const uint32_t bad[] = {row->low - 1, row->high + 1, most};
      for (size_t k = 0; k < 3; k++) {
        bool low = k == 0 && row->low > 0;
        bool high = k > 0 && row->high < most && row->type <= MIDGE_TYPE_QOS;
        if (!low && !high) continue;
        bytes properties = {0};
        put_method(&properties, f, ids[j]);
        put_property(&properties, ids[j], &bad[k]);
        refuse_packet(f, &properties, reason);
        bytes_free(&properties);
      }
    }
  }
}

/* MQTT5-1.5.4-1, MQTT5-1.5.4-2, MQTT5-1.5.7-1 */
static void text_that_is_not_utf_8(void **state) {
  (void)state;
  for (size_t i = 0; i < FRAMES; i++) {
    for (size_t j = 0; j < IDS; j++) {
      const frame *f = &frames[i];
      midge_property_type type = midge_property_look_up(ids[j])->type;
      if (!is_allowed(f, ids[j])) continue;
      if (type != MIDGE_TYPE_TEXT && type != MIDGE_TYPE_PAIR) continue;
      for (int bad = 0; bad <= 0xff; bad += 0xff) {
        bytes properties = {0};
        put_method(&properties, f, ids[j]);
        put_property(&properties, ids[j], NULL);
        properties.data[properties.size - 1] = (uint8_t)bad;
        refuse_packet(f, &properties, 0x81);
        bytes_free(&properties);
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(properties_where_they_belong_are_taken),
      cmocka_unit_test(properties_twice),
      cmocka_unit_test(properties_cut_at_each_byte),
      cmocka_unit_test(properties_where_they_do_not_belong),
      cmocka_unit_test(numbers_out_of_range),
      cmocka_unit_test(text_that_is_not_utf_8),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
