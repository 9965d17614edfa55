#include "link/url.h"

#include <arpa/inet.h>

#include "base/slice.h"
#include "filter/text.h"

enum {
  HOST_MAX = 255,        /* bytes of a name */
  SOCKET_PATH_MAX = 107, /* bytes that fit into a sockaddr_un */
};

typedef struct scheme_row {
  const char *name;
  midge_scheme scheme;
  midge_url_use use;
  uint16_t port; /* when the URL has none */
} scheme_row;

static const scheme_row schemes[] = {
    {"mqtt", MIDGE_SCHEME_MQTT, MIDGE_URL_SERVER, 1883},
    {"tcp", MIDGE_SCHEME_MQTT, MIDGE_URL_SERVER, 1883},
    {"mqtts", MIDGE_SCHEME_MQTTS, MIDGE_URL_SERVER, 8883},
    {"ssl", MIDGE_SCHEME_MQTTS, MIDGE_URL_SERVER, 8883},
    {"tls", MIDGE_SCHEME_MQTTS, MIDGE_URL_SERVER, 8883},
    {"ws", MIDGE_SCHEME_WS, MIDGE_URL_SERVER, 80},
    {"wss", MIDGE_SCHEME_WSS, MIDGE_URL_SERVER, 443},
    {"unix", MIDGE_SCHEME_UNIX, MIDGE_URL_SERVER, 0},
    {"socks5", MIDGE_SCHEME_SOCKS5, MIDGE_URL_PROXY, 1080},
    {"socks5h", MIDGE_SCHEME_SOCKS5, MIDGE_URL_PROXY, 1080},
    {"http", MIDGE_SCHEME_HTTP, MIDGE_URL_PROXY, 80},
};

static const char *const known_schemes[] = {
    [MIDGE_URL_SERVER] = "mqtt, mqtts, ws, wss or unix",
    [MIDGE_URL_PROXY] = "socks5 or http",
};

/* Parsing in progress. `room` is where the next decoded string goes: what is
 * decoded is never longer than its source, and the block has room for every
 * part of it with a terminator. */
typedef struct parser {
  midge_url *url;
  char *room;
  midge_text why;
} parser;

enum { PARTS_MAX = 8 };

static bool refuse(parser *p, const char *words) {
  midge_text_add(&p->why, words);
  return false;
}

/* The same with what the URL has between two halves of the sentence. */
static bool refuse_quoting(parser *p, const char *before, midge_slice bytes,
                           const char *after) {
  midge_text_add(&p->why, before);
  midge_text_quote(&p->why, bytes);
  return refuse(p, after);
}

static midge_slice cut(midge_slice *rest, size_t size) {
  midge_slice head = midge_slice_of(rest->data, size);
  *rest = midge_slice_skip(*rest, size);
  return head;
}

/* The place of the first byte that is in `set`, or the size. */
static size_t find_any(midge_slice slice, const char *set) {
  size_t at = 0;
  while (at < slice.size &&
         (slice.data[at] == 0 || strchr(set, slice.data[at]) == NULL))
    at++;
  return at;
}

static size_t find_last(midge_slice slice, uint8_t byte) {
  for (size_t at = slice.size; at > 0; at--)
    if (slice.data[at - 1] == byte) return at - 1;
  return slice.size;
}

static bool starts_with(midge_slice slice, const char *prefix) {
  size_t size = strlen(prefix);
  return slice.size >= size && memcmp(slice.data, prefix, size) == 0;
}

static int hex_digit(uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  byte |= 0x20;
  return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Percent-decode `source` into the block (RFC 3986, 2.1). No part of a URL can
 * hold a zero byte: the system would end the name there. */
static bool decode(parser *p, midge_slice source, midge_slice *decoded) {
  char *to = p->room;
  for (size_t at = 0; at < source.size; at++) {
    int byte = source.data[at];
    if (byte == '%') {
      int high = at + 1 < source.size ? hex_digit(source.data[at + 1]) : -1;
      int low = at + 2 < source.size ? hex_digit(source.data[at + 2]) : -1;
      if (high < 0 || low < 0)
        return refuse(p,
                      "a % in a URL is followed by two hex digits: write the"
                      " sign itself as %25");
      byte = high * 16 + low;
      at += 2;
    }
    if (byte == 0) return refuse(p, "a URL cannot hold a zero byte");
    *to++ = (char)byte;
  }
  *to = '\0';
  *decoded = midge_slice_of(p->room, (size_t)(to - p->room));
  p->room = to + 1;
  return true;
}

/* Spaces and control characters are written with % in a URL. */
static bool check_bytes(parser *p, midge_slice source) {
  static const char digits[] = "0123456789ABCDEF";
  for (size_t at = 0; at < source.size; at++) {
    uint8_t byte = source.data[at];
    if (byte > ' ' && byte != 0x7f) continue;
    const char code[] = {'%', digits[byte >> 4], digits[byte & 15], '\0'};
    midge_text_add(&p->why,
                   "a space or control character in a URL is written as ");
    return refuse(p, code);
  }
  return true;
}

static const scheme_row *look_up(midge_slice name, midge_url_use use) {
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    const scheme_row *row = &schemes[i];
    if (row->use != use || strlen(row->name) != name.size) continue;
    size_t at = 0;
    while (at < name.size && (name.data[at] | 0x20) == row->name[at]) at++;
    if (at == name.size) return row;
  }
  return NULL;
}

static bool parse_scheme(parser *p, midge_slice *rest, midge_url_use use) {
  size_t size = find_any(*rest, ":/?#");
  if (size == rest->size || rest->data[size] != ':') {
    midge_text_add(&p->why, "a URL begins with its scheme: ");
    return refuse(p, known_schemes[use]);
  }

  midge_slice name = cut(rest, size);
  *rest = midge_slice_skip(*rest, 1);
  const scheme_row *row = look_up(name, use);
  if (row == NULL) {
    refuse_quoting(p, "unknown scheme \"", name, "\": it is ");
    return refuse(p, known_schemes[use]);
  }
  p->url->scheme = row->scheme;
  p->url->port = row->port;
  return true;
}

/* unix:/path or unix:///path. */
static bool parse_socket_path(parser *p, midge_slice rest) {
  if (starts_with(rest, "///")) rest = midge_slice_skip(rest, 2);
  if (rest.size == 0 || rest.data[0] != '/')
    return refuse(p, "a Unix socket is written as unix:/path/of/socket");

  midge_slice path;
  if (!decode(p, rest, &path)) return false;
  if (path.size > SOCKET_PATH_MAX)
    return refuse(p, "the path of a Unix socket has at most 107 bytes");
  p->url->host = (const char *)path.data;
  return true;
}

static bool parse_user(parser *p, midge_slice user) {
  size_t size = find_any(user, ":");
  if (!decode(p, cut(&user, size), &p->url->user_name)) return false;
  if (user.size == 0) return true;
  return decode(p, midge_slice_skip(user, 1), &p->url->password);
}

static bool parse_port(parser *p, midge_slice digits) {
  unsigned port = 0;
  p->url->port_is_default = digits.size == 0;
  if (digits.size == 0) return true; /* "host:" is legal: RFC 3986, 3.2.3 */
  for (size_t at = 0; at < digits.size; at++) {
    if (digits.data[at] < '0' || digits.data[at] > '9' || port > UINT16_MAX)
      return refuse(p, "a port is a number from 1 to 65535");
    port = port * 10 + (digits.data[at] - '0');
  }
  if (port == 0 || port > UINT16_MAX)
    return refuse(p, "a port is a number from 1 to 65535");
  p->url->port = (uint16_t)port;
  return true;
}

/* What stands between the brackets, as the system writes it: RFC 6874 has %25
 * before the zone, and people write the % alone. */
static midge_slice copy_ipv6(parser *p, midge_slice inside) {
  size_t size = find_any(inside, "%");
  midge_slice zone = midge_slice_skip(inside, size);
  if (starts_with(zone, "%25") && zone.size > 3) {
    zone = midge_slice_skip(zone, 2);
    p->room[size] = '%';
    zone = midge_slice_skip(zone, 1);
    midge_slice_copy((uint8_t *)p->room + size + 1, zone);
    zone.size++;
  } else {
    midge_slice_copy((uint8_t *)p->room + size, zone);
  }
  midge_slice_copy((uint8_t *)p->room, midge_slice_of(inside.data, size));
  midge_slice host = midge_slice_of(p->room, size + zone.size);
  p->room[host.size] = '\0';
  p->room += host.size + 1;
  return host;
}

static bool is_ipv6(midge_slice host) {
  struct in6_addr address;
  char bare[INET6_ADDRSTRLEN];
  size_t size = find_any(host, "%");
  if (size >= sizeof bare || size + 1 == host.size) return false;
  memcpy(bare, host.data, size);
  bare[size] = '\0';
  return inet_pton(AF_INET6, bare, &address) == 1;
}

/* [address] or [address%25zone]. */
static bool parse_ipv6(parser *p, midge_slice *rest) {
  size_t size = find_any(*rest, "]");
  if (size == rest->size) return refuse(p, "the ] after an IPv6 address lacks");
  midge_slice inside = cut(rest, size);
  midge_slice host = copy_ipv6(p, midge_slice_skip(inside, 1));
  *rest = midge_slice_skip(*rest, 1);
  if (host.size > HOST_MAX || !is_ipv6(host))
    return refuse_quoting(p, "\"[", host, "]\" is not an IPv6 address");
  p->url->host = (const char *)host.data;
  return true;
}

static bool parse_name(parser *p, midge_slice *rest) {
  midge_slice host;
  if (!decode(p, cut(rest, find_any(*rest, ":")), &host)) return false;
  if (host.size == 0) return refuse(p, "a URL has a host: mqtt://host");
  if (host.size > HOST_MAX) return refuse(p, "a host has at most 255 bytes");
  p->url->host = (const char *)host.data;
  return true;
}

static bool parse_authority(parser *p, midge_slice authority) {
  size_t at = find_last(authority, '@');
  if (at < authority.size) {
    if (!parse_user(p, cut(&authority, at))) return false;
    authority = midge_slice_skip(authority, 1);
  }

  bool bracket = authority.size != 0 && authority.data[0] == '[';
  if (!bracket && find_any(authority, ":") != find_last(authority, ':'))
    return refuse(p, "an IPv6 address stands in brackets: [::1]");
  if (!(bracket ? parse_ipv6 : parse_name)(p, &authority)) return false;
  p->url->port_is_default = true;
  if (authority.size == 0) return true;
  if (authority.data[0] != ':')
    return refuse(p, "only a port may follow the host");
  return parse_port(p, midge_slice_skip(authority, 1));
}

/* What follows the host: the path of a WebSocket, nothing to MQTT alone. */
static void parse_path(parser *p, midge_slice rest) {
  if (!midge_url_has_websocket(p->url)) return;
  midge_slice path = cut(&rest, find_any(rest, "#"));
  char *to = p->room;
  if (path.size == 0 || path.data[0] != '/') *to++ = '/';
  char *end = (char *)midge_slice_copy((uint8_t *)to, path);
  p->url->path = midge_slice_of(p->room, (size_t)(end - p->room));
  *end = '\0';
  p->room = end + 1;
}

/* What cannot be a host, and has an @ behind its end, was cut out of a user
 * name or a password. */
static bool blame_delimiter(parser *p, midge_slice rest) {
  if (find_any(rest, "@") == rest.size) return false;
  return refuse(p,
                "; / ? # in a user name or password are written as %2F %3F"
                " %23");
}

static bool parse(parser *p, midge_slice rest, midge_url_use use) {
  if (!parse_scheme(p, &rest, use) || !check_bytes(p, rest)) return false;
  if (p->url->scheme == MIDGE_SCHEME_UNIX) return parse_socket_path(p, rest);
  if (!starts_with(rest, "//"))
    return refuse(p, "// stands between the scheme and the host of a URL");

  rest = midge_slice_skip(rest, 2);
  midge_slice authority = cut(&rest, find_any(rest, "/?#"));
  if (!parse_authority(p, authority)) return blame_delimiter(p, rest);
  parse_path(p, rest);
  return true;
}

midge_status midge_url_parse(midge_url *url, const midge_allocator *allocator,
                             midge_slice source, midge_url_use use, char *text,
                             size_t text_size) {
  *url = (midge_url){.allocator = allocator,
                     .block_size = source.size + 2 * PARTS_MAX};
  url->block = midge_allocate(allocator, url->block_size);
  if (url->block == NULL) return MIDGE_ENOMEM;

  parser p = {url, url->block, midge_text_in(text, text_size)};
  if (parse(&p, source, use)) return MIDGE_OK;
  midge_url_free(url);
  return MIDGE_EINVAL;
}

void midge_url_free(midge_url *url) {
  midge_free(url->allocator, url->block, url->block_size);
  *url = (midge_url){0};
}

bool midge_url_has_tls(const midge_url *url) {
  return url->scheme == MIDGE_SCHEME_MQTTS || url->scheme == MIDGE_SCHEME_WSS;
}

bool midge_url_has_websocket(const midge_url *url) {
  return url->scheme == MIDGE_SCHEME_WS || url->scheme == MIDGE_SCHEME_WSS;
}
