/*
 * Runs commands by turns and prints how long each run of each took: spawn ROUNDS COMMAND [ARGUMENT...] [-- COMMAND ...]...
 * One line of JSON: for each command the nanoseconds from before it is started until it has ended and its output is read.
 * As SDKs run a credential_process, the output is a pipe. A command that fails ends everything.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 32 };

static long nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long run(char **command) {
  static char output[65536];
  int ends[2], status;
  if (pipe2(ends, O_CLOEXEC)) exit(1);
  long began = nanoseconds();
  pid_t pid = vfork();
  if (pid == 0) {
    dup2(ends[1], 1);
    execvp(command[0], command);
    _exit(127);
  }
  close(ends[1]);
  long length = 0, got;
  while ((got = read(ends[0], output, sizeof output)) > 0) length += got;
  waitpid(pid, &status, 0);
  long took = nanoseconds() - began;
  close(ends[0]);
  if (status == 0) return took;
  fprintf(stderr, "%s ended with %d after %ld bytes\n", command[0], WIFEXITED(status) ? WEXITSTATUS(status) : -1, length);
  exit(1);
}

int main(int argc, char **argv) {
  char **commands[MOST];
  int rounds = atoi(argv[1]), count = 0;
  for (int i = 2; i < argc; i++) {
    if (i == 2 || !argv[i - 1]) commands[count++] = argv + i;
    if (!strcmp(argv[i], "--")) argv[i] = NULL;
  }
  long *times = malloc(sizeof *times * count * rounds);
  for (int round = -1; round < rounds; round++)
    for (int i = 0; i < count; i++) {
      long took = run(commands[i]);
      if (round >= 0) times[i * rounds + round] = took;
    }
  printf("[");
  for (int i = 0; i < count; i++)
    for (int round = 0; round < rounds; round++)
      printf("%s%ld%s", round ? "," : i ? ",[" : "[", times[i * rounds + round], round == rounds - 1 ? "]" : "");
  printf("]\n");
  return 0;
}
