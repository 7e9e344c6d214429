/*
 * The load of the benchmarks: one thread, epoll, keep-alive, one request at a time on each connection.
 *
 *   load unix PATH | tcp HOST PORT   REQUEST-FILE CONNECTIONS REQUESTS USERS
 *
 * Asks REQUESTS times in all and prints one line of JSON: requests, seconds, bad (answers that were not 200), and
 * latencies in microseconds. With REQUESTS 0 every connection asks once, then all are held idle until stdin ends.
 * USERS: from how many users the connections are made (as root alone; 0: from one's own), because a user's share is bounded.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 16384, AT_ONCE = 100, FIRST_USER = 60000, LONGEST_US = 4000000 };

struct connection {
  int fd;
  int left; /* bytes of the answer's body still to come; -1: its header is not complete */
  int have; /* bytes of the header */
  int good;
  double sent;
  char header[1024];
};

static char request[8192];
static int request_length;
static long asked, answered, wanted, bad;
static uint32_t *histogram; /* by microseconds */
static double longest;
static char scratch[ROOM];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void die(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int open_connection(char **place, int user) {
  if (user && setresuid(-1, user, -1)) die("seteuid");
  int is_unix = !strcmp(place[0], "unix");
  int fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  if (is_unix) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, place[1], sizeof address.sun_path - 1);
    if (connect(fd, (void *)&address, sizeof address)) die("connect");
  } else {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(place[2]))};
    inet_pton(AF_INET, place[1], &address.sin_addr);
    if (connect(fd, (void *)&address, sizeof address)) die("connect");
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  if (user && setresuid(-1, 0, -1)) die("seteuid back");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void enter(int poll, struct connection *c, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  c->fd = fd;
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static void ask(struct connection *c) {
  c->left = -1;
  c->have = 0;
  c->sent = now();
  asked++;
  if (write(c->fd, request, request_length) != request_length) die("write");
}

static void told(struct connection *c) {
  double took = now() - c->sent;
  if (took > longest) longest = took;
  histogram[took < LONGEST_US ? (long)took : LONGEST_US]++;
  answered++;
  if (!c->good) bad++;
}

/* Whether an answer is complete. */
static int take(struct connection *c) {
  for (;;) {
    ssize_t n = read(c->fd, scratch, ROOM);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) die(n ? "read" : "the server has closed a connection");
    if (c->left < 0) {
      int fits = n < (int)sizeof c->header - 1 - c->have ? n : (int)sizeof c->header - 1 - c->have;
      memcpy(c->header + c->have, scratch, fits);
      c->header[c->have += fits] = 0;
      char *end = strstr(c->header, "\r\n\r\n");
      if (!end) continue;
      char *length = strcasestr(c->header, "\r\nContent-Length:");
      if (!length) die("an answer without Content-Length");
      c->good = !strncmp(c->header + 8, " 200", 4);
      c->left = atoi(length + 17) - (c->have - (int)(end + 4 - c->header)) - ((int)n - fits);
    } else c->left -= n;
    if (c->left == 0) return 1;
  }
}

static double quantile(double part) {
  long before = 0;
  for (long us = 0; us <= LONGEST_US; us++)
    if ((before += histogram[us]) >= part * answered) return us;
  return LONGEST_US;
}

int main(int argc, char **argv) {
  (void)argc;
  char **place = argv + 1, **rest = argv + (strcmp(argv[1], "unix") ? 4 : 3);
  FILE *file = fopen(rest[0], "r");
  if (!file) die(rest[0]);
  request_length = fread(request, 1, sizeof request, file);
  int count = atoi(rest[1]), users = atoi(rest[3]);
  wanted = atol(rest[2]);
  int holds = wanted == 0;
  if (holds) wanted = count;
  /* Another user's connection still needs the rights of root to reach a socket in a private directory. */
  if (users && prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)) die("securebits");
  histogram = calloc(LONGEST_US + 1, sizeof *histogram);
  struct connection *all = calloc(count, sizeof *all);
  int poll = epoll_create1(0);
  int opened = 0, next = 0;
  /* To hold, a few at a time: more than a server has room for in its queue would be lost. */
  int at_once = holds && count > AT_ONCE ? AT_ONCE : count;
  while (opened < at_once) {
    enter(poll, &all[opened], open_connection(place, users ? FIRST_USER + opened % users : 0));
    opened++;
  }
  double began = now();
  while (next < opened && asked < wanted) ask(&all[next++]);
  struct epoll_event events[256];
  while (answered < wanted) {
    int n = epoll_wait(poll, events, 256, 10000);
    if (n == 0) die("no answer in 10 s");
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (!take(c)) continue;
      told(c);
      if (asked == wanted) continue;
      if (holds) {
        c = &all[opened];
        enter(poll, c, open_connection(place, users ? FIRST_USER + opened % users : 0));
        opened++;
      }
      ask(c);
    }
  }
  double seconds = (now() - began) / 1e6;
  printf("{\"requests\":%ld,\"seconds\":%.6f,\"bad\":%ld,\"p50\":%.0f,\"p99\":%.0f,\"max\":%.0f}\n", answered, seconds,
         bad, quantile(0.5), quantile(0.99), longest);
  fflush(stdout);
  if (holds)
    while (read(0, scratch, ROOM) > 0) {}
  return 0;
}
