#include "pages.h"

#include <string.h>

#include "settings.h"
#include "store.h"

static const cli_page pages[] = {
    {
        .name = "pub",
        .command = PUB,
        .help = "publish messages",
        .usage = "-t TOPIC -m TEXT | -f FILE | -l | -n | -s",
        .options = "-t -m -f -l -s -q -r -h -p -L -u -P -i -D --cafile --store",
        .text =
            "Publishes one message, or with -l a message for each line, waits "
            "until the server has answered, and ends.\n\n"
            "With --store what is published with QoS 1 or 2 is kept in that "
            "folder first, also while the server cannot be reached, and is "
            "sent by this process or by the next one with the same -i.",
        .examples = "midge pub -h broker.example -t house/lamp -m on -q 1\n"
                    "tail -f log | midge pub -t house/log -l",
    },
    {
        .name = "sub",
        .command = SUB,
        .help = "subscribe, and print what comes",
        .usage = "-t FILTER...",
        .options = "-t -v -F -q -C -W -R -h -p -L -u -P -i -c --cafile --store",
        .text =
            "Prints the payload of each message that matches a filter, on a "
            "line of its own. A connection that is lost comes back by itself, "
            "with its subscriptions.\n\n"
            "With --store what comes with QoS 1 or 2 is in that folder before "
            "the server is answered, and leaves it once it is printed: a "
            "subscriber that is killed loses nothing.",
        .examples = "midge sub -h broker.example -t 'house/#' -v\n"
                    "midge sub -t 'house/#' -F '%I %t %p' -C 10",
    },
    {
        .name = "rr",
        .command = RR,
        .help = "send a request and print the response",
        .usage = "-t TOPIC -e RESPONSE_TOPIC -m TEXT",
        .options = "-t -e -m -f -F -v -W -q -h -p -L -u -P -D --cafile",
        .text = "Subscribes to the response topic, publishes the request with "
                "that topic in it, prints the first message that comes there, "
                "and ends.",
        .examples = "midge rr -t house/ask -e house/answer -m 'how warm?' -W 5",
    },
    {
        .name = "record",
        .command = RECORD,
        .help = "write what comes into a file, with its timing",
        .usage = "-t FILTER... FILE",
        .options = "-t -T -R -C -W -q --overwrite -h -p -L -u -P --cafile",
        .text =
            "Writes a line of JSON for each message behind one about the "
            "recording, until it is stopped; midge replay plays it. FILE may "
            "be - for standard output. Lines are written as messages come: "
            "whatever ends the recorder leaves a file that plays.\n\n"
            "Messages are asked for with QoS 2 and the retain flag that they "
            "were published with, in MQTT 5. When the time of -W is over it "
            "ends with 0 if there was a message.",
        .examples = "midge record -h broker.example -t 'house/#' house.jsonl\n"
                    "midge record -t '#' - | midge replay -h elsewhere -",
    },
    {
        .name = "replay",
        .command = REPLAY,
        .help = "publish what such a file holds, with its timing",
        .usage = "FILE",
        .options = "--speed --loop -t -T --topic-prefix -q -M -h -p -L -u -P "
                   "--cafile",
        .text =
            "Publishes the messages of a recording in their order and with "
            "their gaps, the first at once, and ends when all of them are "
            "acknowledged. FILE may be - for standard input.\n\n"
            "A line that is damaged is left out and named; the others play, "
            "and the end is 1.",
        .examples = "midge replay -h localhost --speed 10 house.jsonl\n"
                    "midge replay --loop --topic-prefix test/ house.jsonl",
    },
    {
        .name = "store",
        .actions = "list count export check discard",
        .help = "list, count, export or check what a session holds on disk",
        .text = store_usage,
        .examples = "midge store check /var/lib/kitchen/session",
    },
    {
        .name = "bench",
        .command = BENCH,
        .actions = "conn pub sub echo",
        .help = "measure a server",
        .usage = "conn|pub|sub|echo",
        .lead =
            "  conn  connects, and holds it for --duration: CONNECT to "
            "CONNACK\n"
            "  pub   publishes to midge/bench/%i: PUBLISH to its last answer\n"
            "  sub   subscribes to midge/bench/#: what pub sends, until here\n"
            "  echo  publishes to its own topic, until that is back\n",
        .options = "--clients --rate --count --duration --hold -q --assert "
                   "--json --html -h -p -L",
        .text =
            "Connects many clients, and measures latency, rate, loss, "
            "processor time and memory: conn how long connecting takes, pub "
            "PUBLISH until its last answer, sub what another process's pub "
            "sends until it is here, and echo until what each client sends to "
            "its own topic is back. In a topic %i is the number of the "
            "client.\n\n"
            "With --hold each connection of conn is ended after so many "
            "seconds, 0 for at once, and its client makes another, for "
            "--duration or until --count of them were begun.\n\n"
            "With --rate a latency counts from when a message was due, "
            "whatever the server did meanwhile. The figures that --assert "
            "takes are listed when it does not know one; where one does not "
            "hold, the end is 2.",
        .examples =
            "midge bench conn -h broker.example --clients 10000 --rate 1000\n"
            "midge bench conn --clients 100 --rate 500 --hold 0\n"
            "midge bench echo --clients 100 --rate 2000 -q 1 --assert "
            "'p99<20ms,lost=0'",
    },
};

enum { PAGES = sizeof pages / sizeof *pages };

const cli_page *page_at(size_t i) {
  return i < PAGES ? &pages[i] : NULL;
}

const cli_page *page_find(const char *name) {
  for (size_t i = 0; i < PAGES; i++) {
    if (strcmp(name, pages[i].name) == 0) return &pages[i];
  }
  return NULL;
}
